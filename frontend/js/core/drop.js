/** Files and folders dragged over the page go to whoever is in front: the box, or the photos where they are seen. */

/** `takers` is a list of `{target, when, take}`, asked in order. */
export function startDrop(takers) {
  const taker = () => takers.find(({ when }) => when());
  const mark = (over) => {
    for (const { target } of takers) target()?.classList.toggle("over", over && target() === taker()?.target());
  };
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      mark(true);
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) mark(false);
  });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    mark(false);
    const to = taker();
    const files = await filesOf(event.dataTransfer);
    if (files.length) to?.take(files);
  });
}

/** All files, those within dropped folders too. */
async function filesOf(transfer) {
  // The list is emptied after the event, so the entries are taken at once.
  const entries = [...transfer?.items ?? []].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some(({ isDirectory }) => isDirectory)) return [...transfer?.files ?? []];
  return (await Promise.all(entries.map(within))).flat();
}

/** What cannot be read is an empty file of its name: whoever takes the files says of it that it was left out. */
async function within(entry) {
  try {
    return await filesIn(entry);
  } catch {
    return [new File([], entry.name)];
  }
}

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => { entry.file(resolve, reject); })];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); }); // a hundred at a time
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.filter(({ name }) => !name.startsWith(".")).map(within))).flat();
}
