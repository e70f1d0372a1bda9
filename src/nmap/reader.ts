import { decimal } from './numbers.ts';
import { Tokens } from './tokens.ts';

const MAX_NOTES = 32;
/** Limits on memory: parts of one kind in a host, and values of all its scripts. */
const MAX_PARTS = 1 << 12;
const MAX_ITEMS = 1 << 18;
/** Most characters of the long texts of a host without its ports, or of one port. nmap writes a few thousand. */
const MAX_TEXT = 1 << 22;
/** Texts up to this length are never cut: addresses, names, numbers. */
const SHORT_TEXT = 1 << 10;
/** `&#1114111;` */
const LONGEST_ENTITY = 10;
const NONE: readonly string[] = [];

/**
 * Reads attributes as numbers. The DTD declares every attribute as CDATA, so anything can be there; a value that is not a
 * number is noted as `element@attribute=value`, neither guessed nor dropped.
 */
export class Reader extends Tokens {
  private notes: string[] = [];
  private items = 0;
  /** Characters of long texts that may still be kept. Only hosts are large enough to need a limit. */
  private remaining = Number.POSITIVE_INFINITY;
  private empty = 0;

  /** Also drops notes about an element before that was refused. */
  override enter(start: number, end: number): void {
    this.notes = [];
    this.items = 0;
    this.remaining = Number.POSITIVE_INFINITY;
    this.empty = 0;
    super.enter(start, end);
  }

  integer(attribute: string): number | undefined {
    const value = this.attribute(attribute);
    if (value === undefined) return undefined;
    const number = digits(value) ?? this.number(attribute, value);
    if (number === undefined || Number.isInteger(number)) return number;
    this.note(attribute, value);
    return undefined;
  }

  decimal(attribute: string): number | undefined {
    const value = this.attribute(attribute);
    return value === undefined ? undefined : this.number(attribute, value);
  }

  /** A port or IP protocol number: 0 to 65535. */
  port(attribute: string): number | undefined {
    const number = this.integer(attribute);
    if (number === undefined || (number >= 0 && number <= 65535)) return number;
    this.note(attribute, String(number));
    return undefined;
  }

  boolean(attribute: string): boolean | undefined {
    const value = this.attribute(attribute);
    return value === undefined ? undefined : value === 'true' || value === '1';
  }

  /** Adds a part to a list, up to a limit. */
  keep<T>(list: T[], part: T, most = MAX_PARTS): void {
    if (list.length < most) list.push(part);
    else this.addNote(`${this.name.slice(0, 32).toWellFormed()}: more than ${most}, the rest is left out`);
  }

  /** The same for values of scripts. */
  keepItem<T>(list: T[], item: T): void {
    if (this.items++ < MAX_ITEMS) list.push(item);
    else this.addNote(`script: more than ${MAX_ITEMS} values, the rest is left out`);
  }

  /** Restarts the counts of script values and text: they apply to what is in memory together, which is a host or one of its ports. */
  renew(): void {
    this.items = 0;
    this.remaining = MAX_TEXT;
  }

  /** Runs `work`, whose results are not kept and do not count towards the limits. */
  withoutKeeping(work: () => void): void {
    const { items, remaining } = this;
    this.renew();
    work();
    [this.items, this.remaining] = [items, remaining];
  }

  /** Counts ports without content. */
  countEmpty(ports: number): void {
    this.empty += ports;
  }

  /** Number of notes so far. */
  get noted(): number {
    return this.notes.length;
  }

  /** Notes since the last call. */
  takeNotes(): readonly string[] {
    if (this.empty > 0) this.addNote(`port: ${this.empty} without a state, left out`);
    this.empty = 0;
    if (this.notes.length === 0) return NONE;
    const { notes } = this;
    this.notes = [];
    return notes;
  }

  protected override keptUntil(from: number, to: number): number {
    if (to - from <= SHORT_TEXT) return to;
    const most = from + Math.max(this.remaining, SHORT_TEXT);
    this.remaining = Math.max(0, this.remaining - (to - from));
    if (to <= most) return to;
    this.addNote(`texts: more than ${MAX_TEXT} characters, the rest is left out`);
    return this.wholeCharacters(most);
  }

  /** The last index up to `end` that is not inside an entity or a surrogate pair. */
  private wholeCharacters(end: number): number {
    const { text } = this;
    const last = text.slice(end - LONGEST_ENTITY, end);
    const entity = last.lastIndexOf('&');
    if (entity !== -1 && !last.includes(';', entity)) return end - LONGEST_ENTITY + entity;
    return (text.charCodeAt(end - 1) & 0xfc_00) === 0xd8_00 ? end - 1 : end;
  }

  private number(attribute: string, value: string): number | undefined {
    const number = decimal(value);
    if (number !== undefined) return number;
    // An unknown round trip time is "--"; masscan and old versions leave values empty.
    if (value !== '' && value !== '--') this.note(attribute, value);
    return undefined;
  }

  private note(attribute: string, value: string): void {
    if (this.notes.length < MAX_NOTES) this.notes.push(`${this.name}@${attribute}=${value.slice(0, 64).toWellFormed()}`);
  }

  /** Adds a note about the element as a whole, once. */
  private addNote(note: string): void {
    if (this.notes.length < MAX_NOTES * 2 && !this.notes.includes(note)) this.notes.push(note);
  }
}

/** Parses up to nine digits: the usual case, three times as fast as a regular expression. */
function digits(value: string): number | undefined {
  if (value.length === 0 || value.length > 9) return undefined;
  let number = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number;
}
