import { describeExampleResponses } from '../support/rfc-responses.js';

describeExampleResponses('rfc4035');
