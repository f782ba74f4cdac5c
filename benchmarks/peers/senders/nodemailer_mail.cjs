// nodemailer's pool: "compose" builds each mail from its bodies, "raw" is given bytes.
'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');
const nodemailer = require('nodemailer');

const [port, messages, connections, folder, way] = process.argv.slice(2);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function say(word) {
  process.stdout.write(`${word}\n`);
  await lines.next();
}

function read() {
  const text = fs.readFileSync(path.join(folder, 'letters.jsonl'), 'utf8');
  const letters = text.trimEnd().split('\n').map((line) => JSON.parse(line));
  if (way === 'compose') {
    return letters;
  }
  return letters.map((letter, index) => ({
    envelope: { from: letter.from, to: letter.to },
    raw: fs.readFileSync(path.join(folder, `${index}.eml`)),
  }));
}

async function main() {
  const letters = read();
  const pool = nodemailer.createTransport({
    host: '127.0.0.1',
    port: Number(port),
    secure: false,
    ignoreTLS: true,
    pool: true,
    maxConnections: Number(connections),
    maxMessages: Infinity,
  });
  let next = 0;
  async function send() {
    while (next < Number(messages)) {
      const letter = letters[next++ % letters.length];
      await pool.sendMail({ ...letter });
    }
  }
  await say('ready');
  // Twice as many as connections: none ever waits for its next mail.
  await Promise.all(Array.from({ length: 2 * Number(connections) }, send));
  await say('done');
  pool.close();
  process.exit(0);
}

main();
