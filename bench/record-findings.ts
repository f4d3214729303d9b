import { writeFileSync } from "node:fs";

import { FINDINGS_FILE, findingsOfRows } from "../__tests__/support/findings-text";

// `npm run record:findings`: writes down what the doctor says of the rows of __tests__/support/findings.ts. Whether each
// cause is true, and each cure mends it, is for the reader of the difference to judge.
writeFileSync(FINDINGS_FILE, findingsOfRows());
