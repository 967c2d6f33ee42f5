/**
 * Markdown tables, and numbers as people read them.
 */

/** @param rows the first is the header; the first column is text, all others are numbers unless `isText` */
export function table([header, ...rows], { isText = false } = {}) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(header),
    line(header.map((_, n) => (n === 0 || isText ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n');
}

export const integer = (value) => Math.round(value).toLocaleString('en');
export const decimals = (value, digits) => value.toFixed(digits);
export const signed = (value, digits) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
