/** The seconds of a storm, as it is played and drawn. */

/** When the outage begins, when the last call does, and where the charts end. */
export const OUTAGE_AT = 5;
export const LAST_CALL_AT = 30;
export const SHOWN = 40;
/** Between two points of a line. */
export const BIN = 0.5;
/** Requests a second that the server can do: ten workers, 50 ms each, give or take. */
export const CAPACITY = 200;
