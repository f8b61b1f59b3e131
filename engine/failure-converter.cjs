// Temporal's SDK loads it by its path, into workflows' sandboxes too: CommonJS, so that each of them can.
const { DefaultFailureConverter } = require('@temporalio/common');

/** Messages and stacks of failures go through the codec too, like payloads. */
exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
