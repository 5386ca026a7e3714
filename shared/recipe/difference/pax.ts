/** Bodies of pax headers: records of the form `length key=value\n` (POSIX.1-2017, pax Interchange Format). */

export interface PaxRecord {
  readonly key: string;
  readonly value: string;
}

/** The records of a body, or undefined where they would not be written as exactly this body. */
export function parseRecords(body: string): PaxRecord[] | undefined {
  const records: PaxRecord[] = [];
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(' ', at);
    if (space < 0 || space - at > 7) return undefined;
    const length = Number(body.slice(at, space));
    if (!(length > space - at) || at + length > body.length) return undefined;
    const text = body.slice(space + 1, at + length - 1);
    const equals = text.indexOf('=');
    const record = { key: text.slice(0, equals), value: text.slice(equals + 1) };
    if (equals < 0 || recordText(record) !== body.slice(at, at + length)) return undefined;
    records.push(record);
    at += length;
  }
  return records;
}

/** One record as it is written: the length counts its own digits. */
export function recordText({ key, value }: PaxRecord): string {
  const text = ` ${key}=${value}\n`;
  let length = text.length + 1;
  while (String(length).length + text.length !== length) length = String(length).length + text.length;
  return String(length) + text;
}
