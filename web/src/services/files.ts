/** Files that the teacher takes home. */

/** Byte order mark, without which spreadsheets read UTF-8 as something else. */
const BOM = "\ufeff";

/** Offers a text as a download. */
export function downloadCsv(text: string, filename: string): void {
  const url = URL.createObjectURL(new Blob([BOM, text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = filename;
  link.click();
  URL.revokeObjectURL(url);
}
