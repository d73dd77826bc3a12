import { openDgramListener } from '../../../src/transport/dgram-listener.js';
import { udpListenerContract } from '../../support/udp-listener-contract.js';

udpListenerContract('the listener on node:dgram', openDgramListener);
