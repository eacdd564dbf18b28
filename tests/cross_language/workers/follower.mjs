// Handles updates until it is killed: notes each in one file, then saves its cursor in another.

import { existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { connect } from "slipstream-kv";

const [url, cursorFile, handledFile] = process.argv.slice(2);
const handled = openSync(handledFile, "a");
const cursor = existsSync(cursorFile) ? readFileSync(cursorFile) : undefined;
const connection = await connect(url);
const store = await connection.store("jobs");
for await (const update of store.watch("job.", { cursor })) {
  writeSync(handled, `${update.key}\n`);
  // Written aside and renamed, so that a kill at any moment leaves a whole cursor.
  writeFileSync(`${cursorFile}.new`, update.cursor);
  renameSync(`${cursorFile}.new`, cursorFile);
}
