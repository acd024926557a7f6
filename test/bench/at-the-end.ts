/**
 * What is removed when all rows have been measured. For up to six minutes ext4 does not use the number of a deleted file again, and looks at
 * each of these whenever it makes a file (recently_deleted in fs/ext4/ialloc.c). After a row with 20 000 files, the next one's COPY took
 * three times as long, on whichever side its files came to lie next to the deleted ones.
 */
export const atTheEnd = new AsyncDisposableStack();
