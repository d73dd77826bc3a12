import { describeExampleResponses } from '../support/rfc-responses.js';

describeExampleResponses('rfc5155');
