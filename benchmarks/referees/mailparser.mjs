// Prints what npm's mailparser finds in each message of a folder, a line of JSON each.
// mailparser is looked for in the folder where this is started.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { simpleParser } = createRequire(join(process.cwd(), "here"))("mailparser");
const asSent = { skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true };

const folder = process.argv[2];
for (const name of readdirSync(folder).sort()) {
  const mail = await simpleParser(readFileSync(join(folder, name)), asSent);
  const line = (key) => mail.headerLines.find((header) => header.key === key)?.line;
  const found = {
    subject: mail.subject,
    to: mail.to.text,
    html: mail.html,
    text: mail.text,
    unsubscribe: line("list-unsubscribe"),
    post: line("list-unsubscribe-post"),
  };
  console.log(JSON.stringify(found));
}
