/** Something that the user has to put right: the message says what and how, and is all that is printed. */
export class Trouble extends Error {}
