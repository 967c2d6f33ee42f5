/**
 * Copies of what a config holds, all the way down: plain objects, arrays, URLSearchParams and FormData, and nothing else.
 */

const NOTHING: readonly object[] = [];
/** Lists and objects in a body, or items in one list. */
const MOST_COPIED = 1_000;

export function copyOfField(key: string, value: unknown): unknown {
  return copyOf(value, NOTHING, key !== 'data' || !isLong(value));
}

function isLong(value: unknown, seen = { count: 0 }): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value) && !isPlainObject(value)) return false;
  if (Array.isArray(value) && value.length > MOST_COPIED) return true;
  if (++seen.count > MOST_COPIED) return true;
  return Object.values(value).some((part) => isLong(part, seen));
}

/**
 * @param within the arrays and objects that hold the value: what holds itself is not copied again
 * @param hasItems whether the items of arrays are copied as well
 */
export function copyOf(value: unknown, within = NOTHING, hasItems = true): unknown {
  if (typeof value !== 'object' || value === null || within.includes(value)) return value;
  if (Array.isArray(value)) return hasItems ? copyItems(value, within) : value.slice();
  if (isPlainObject(value)) return copyFields(value, within, hasItems);
  if (value instanceof URLSearchParams) return new URLSearchParams(value);
  if (typeof FormData === 'function' && value instanceof FormData) return copyOfForm(value);
  return value;
}

function copyOfForm(form: FormData): FormData {
  const copy = new FormData();
  for (const [name, value] of form) copy.append(name, value as string);
  return copy;
}

function copyFields(fields: object, within: readonly object[], hasItems: boolean): Record<string, unknown> {
  const copy: Record<string, unknown> = { ...fields };
  for (const key in copy) {
    const value = copy[key];
    if (typeof value === 'object' && value !== null && Object.hasOwn(copy, key)) {
      copy[key] = copyOf(value, [...within, fields], hasItems);
    }
  }
  return copy;
}

function copyItems(items: unknown[], within: readonly object[]): unknown[] {
  const copy = items.slice();
  for (let index = 0; index < copy.length; index++) {
    const item = copy[index];
    if (typeof item === 'object' && item !== null) copy[index] = copyOf(item, [...within, items]);
  }
  return copy;
}

export function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  // The prototype of the last line is another realm's Object.prototype (an iframe's, or jest's).
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}
