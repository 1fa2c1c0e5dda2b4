/**
 * What a row stands for, made once for as long as the row is kept (see `keeping`). Others hold it too, so it is frozen.
 * @param make pure
 */
export function perRow<Row extends object, Noun>(make: (row: Row) => Noun): (row: Row) => Noun {
  const made = new WeakMap<Row, Noun>();
  return (row) => {
    if (!Object.isFrozen(row)) return make(row);
    const known = made.get(row);
    if (known !== undefined) return known;
    const noun = deeplyFrozen(make(row));
    made.set(row, noun);
    return noun;
  };
}

function deeplyFrozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deeplyFrozen(part);
  return Object.freeze(value);
}
