import { describe, expect, it } from 'vitest';
import { cutLine, fitScreen } from '../../../src/cli/screen.js';

const red = (text: string) => `\u001b[31m${text}\u001b[39m`;

describe('a line', () => {
  it('is cut after so many chars that are seen, and its colour ends there', () => {
    expect(cutLine('abcdef', 6)).toBe('abcdef');
    expect(cutLine('abcdef', 4)).toBe('abcd');
    expect(cutLine(`ab${red('cdef')}`, 4)).toBe('ab\u001b[31mcd\u001b[0m');
    expect(cutLine(red('abcd'), 4)).toBe(red('abcd'));
  });
});

describe('sections on a screen', () => {
  const sections = [['title'], [], ['a', 'b'], ['c', 'd']];

  it('stand apart while there is room', () => {
    expect(fitScreen(sections, undefined)).toEqual(['title', '', 'a', 'b', '', 'c', 'd']);
    expect(fitScreen(sections, { columns: 80, rows: 8 })).toEqual(['title', '', 'a', 'b', '', 'c', 'd']);
  });

  it('close up, and then lose their end, where there is not', () => {
    expect(fitScreen(sections, { columns: 80, rows: 7 })).toEqual(['title', 'a', 'b', 'c', 'd']);
    expect(fitScreen(sections, { columns: 3, rows: 4 })).toEqual(['tit', 'a', 'b']);
    expect(fitScreen(sections, { columns: 80, rows: 0 })).toEqual(['title']);
  });
});
