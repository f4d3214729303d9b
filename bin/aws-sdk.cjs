"use strict";
// The AWS SDK warns on every start that versions of 2027 will want a newer Node; the lock file keeps this one.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
