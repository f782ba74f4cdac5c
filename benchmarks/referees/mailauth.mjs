// Prints what npm's mailauth says of one message: a line of JSON. The case comes in on
// standard input: message, ip, helo, sender, and the DNS as {name: {type: answers}}.
// mailauth is looked for in the folder where this is started.
import { createRequire } from "node:module";
import { join } from "node:path";

const { authenticate } = createRequire(join(process.cwd(), "here"))("mailauth");

let input = "";
for await (const chunk of process.stdin) input += chunk;
const { message, ip, helo, sender, dns } = JSON.parse(input);

const resolver = async (name, type) => {
  const answers = dns[name.toLowerCase()]?.[type];
  if (!answers) throw Object.assign(new Error(name), { code: "ENOTFOUND" });
  return answers;
};
const mta = "mx.people.example";
const said = await authenticate(Buffer.from(message, "base64"), {
  ip, helo, sender, mta, resolver, disableArc: true, disableBimi: true,
});
const [signature] = said.dkim.results;
const { spf, dkim } = said.dmarc.alignment;
console.log(JSON.stringify({
  spf: said.spf.status.result,
  dkim: signature.status.result,
  dmarc: said.dmarc.status.result,
  aligned: [spf.result, dkim.result].filter(Boolean),
  signed: signature.signingHeaders.keys.toLowerCase().split(": "),
}));
