// What chosen files seem to be, and the form in which they are sent.

/** A bundle is OneRoster or Clever, which the server finds out; csv is a plain list, CSV or XLSX. */
export type Format = "bundle" | "csv";

/** The fields of a plain list's mapping, in the words of the page. */
export const fields: [field: string, words: string][] = [
  ["ref", "Reference (student number)"],
  ["family", "Family name"],
  ["given", "Given name"],
  ["name", "Whole name, in one column"],
  ["email", "Email"],
  ["username", "Username"],
  ["role", "Role"],
];

const bundleFiles = /(^|\/)(manifest|users|classes|enrollments|courses|orgs|academicSessions|demographics)\.csv$/i;

/** guessFormat takes a zip, several files or a file with a name from a bundle for a bundle, any other for a plain list. */
export function guessFormat(names: readonly string[]): Format {
  return names.length > 1 || names.some((name) => /\.zip$/i.test(name) || bundleFiles.test(name)) ? "bundle" : "csv";
}

export interface Request {
  files: readonly File[];
  format: Format;
  /** For csv: the course's code, and which column holds which field. */
  course?: string;
  mapping?: Readonly<Record<string, string>>;
  /** Of a workbook. */
  sheet?: string;
  /** What 9/1/2026 is taken for; without it, the files tell. */
  days?: string;
  /** Of the preview to apply; without it nothing is changed. */
  digest?: string;
  allowRejects?: boolean;
}

/** formOf writes the request as the form of POST /imports. */
export function formOf(r: Request): FormData {
  const form = new FormData();
  // The fields come first, so that the server knows them before the files.
  if (r.format === "csv") form.append("format", r.format);
  form.append("apply", String(r.digest !== undefined));
  if (r.digest !== undefined) form.append("digest", r.digest);
  if (r.allowRejects) form.append("allow_rejects", "true");
  if (r.format === "csv") {
    form.append("course", r.course ?? "");
    form.append("mapping", JSON.stringify(r.mapping ?? {}));
    if (r.sheet) form.append("sheet", r.sheet);
  }
  if (r.days) form.append("days", r.days);
  for (const file of r.files) form.append("file", file, file.name);
  return form;
}

/** mapped leaves out the fields that no column holds. */
export function mapped(mapping: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(mapping).filter(([, column]) => column !== ""));
}

/** unfit says what a mapping lacks, or nothing if it will do. */
export function unfit(mapping: Readonly<Record<string, string>>): string {
  const has = (field: string) => (mapping[field] ?? "") !== "";
  if (!has("ref") && !has("username") && !has("email")) return "Choose the column that names each person: reference, username or email.";
  if (!has("family") && !has("name")) return "Choose the column with the family name, or the one with the whole name.";
  return "";
}
