/** What no reader of files can say, for everything that shows a report. */
export const NOT_SHOWN_BY_A_FILE: string =
  'This is what the file says of itself. Whether its signature is valid and not revoked, whom Windows trusts, which signature level it gets ' +
  '(a trustlet needs 12) and what policy allows, only Windows can say.';
