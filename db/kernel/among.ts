/** Rows of these ids, each asked for once; nothing is asked where there are none. */
export const among = async <Row>(
  ids: readonly string[],
  read: (ids: string[]) => Promise<Row[]>,
): Promise<Row[]> => (ids.length === 0 ? [] : read([...new Set(ids)]));
