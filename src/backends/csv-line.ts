/** A line of CSV as BuildKit's programs read their options: a field with a comma, a quote or a line feed is quoted. */
export function csvLine(fields: readonly (readonly [name: string, value: string])[]): string {
  return fields
    .map(([name, value]) => `${name}=${value}`)
    .map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(",");
}
