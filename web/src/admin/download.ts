// Files that the server answers with, saved on the user's disk.

/** nameOf takes the name of a file from the header that says it. */
export function nameOf(disposition: string | null): string {
  const name = /filename="((?:[^"\\]|\\.)*)"/.exec(disposition ?? "")?.[1] ?? "download";
  return name.replace(/\\(.)/g, "$1");
}

/** save has the browser save an answer as the file that it is. */
export async function save(answer: Response): Promise<void> {
  const address = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = nameOf(answer.headers.get("Content-Disposition"));
  link.click();
  // The browser reads it after the click; a minute is long.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
