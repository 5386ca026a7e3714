/** Elements of HTML and SVG as text. */

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element; children are markup already: what comes from outside goes through `text` first. */
export function element(name: string, attributes: Attributes = {}, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${text(typeof value === 'number' ? String(Math.round(value * 100) / 100) : String(value))}"`);
  return `<${name}${written.join('')}>${children.join('')}</${name}>`;
}

/** Text and attribute values, escaped. */
export function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
