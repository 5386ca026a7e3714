/** HTML and SVG as text. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Elements of HTML that have no end tag. */
const VOID = new Set(['input', 'meta']);

/** An element; children are markup already: what comes from outside goes through `text` first. */
export function element(name: string, attributes: Attributes = {}, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([key, value]) => (value === true ? ` ${key}` : ` ${key}="${text(String(value))}"`));
  const begin = `<${name}${written.join('')}>`;
  return VOID.has(name) ? begin : `${begin}${children.join('')}</${name}>`;
}

/** Text and attribute values, escaped. */
export function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
