import { patternFault, toPostgresPattern } from '../../src/analytics/filters/pattern.js';

describe('patterns', () => {
  it.each([
    ['^a.c$', '(?:^a[^\\n]c$)'],
    ['(?i)a+?', '(?i)(?:a{1,})'],
    ['(a|b){2,3}', '(?:(?:a|b){2,3})'],
    ['\\d\\W', '(?:[0-9][^A-Za-z0-9_])'],
    ['[^\\d\\]-]', '(?:[^0-9\\]\\-])'],
    ['[a-f]', '(?:[a-f])'],
    ["it's {}".replace('{}', '\\{\\}'), "(?:it\\'s \\{\\})"],
    ['a|', '(?:a|(?:))'],
    ['***:x'.replaceAll('*', '\\*'), '(?:\\*\\*\\*\\:x)'],
  ])('%j is %j for PostgreSQL', (pattern, expected) => {
    expect(toPostgresPattern(pattern)).toBe(expected);
  });

  it.each([
    ['', '1 to 200 characters'],
    ['a'.repeat(201), '1 to 200 characters'],
    ['(', 'a ) is missing'],
    [')', 'not opened'],
    ['[', 'a ] is missing'],
    ['[]', 'empty set'],
    ['[^]', 'empty set'],
    ['[[:alpha:]]', 'between brackets'],
    ['[z-a]', 'not a range'],
    ['[\\d-z-a]', 'not a range'],
    ['[\u0000-\u{10FFFF}]', 'not a range'],
    ['*', 'repeats nothing'],
    ['***:a', 'repeats nothing'],
    ['a**', 'repeats a repetition'],
    ['a{1}{1}', 'repeats a repetition'],
    ['a{', 'without a number'],
    ['a{3,2}', 'from more to fewer'],
    ['a{256}', 'more than 255'],
    ['a{99999}', 'without a number'],
    ['(^a)*', 'repeats ^ or $'],
    ['^*', 'repeats ^ or $'],
    ['(a|b$)+', 'repeats ^ or $'],
    ['(a)\\1', 'escape'],
    ['\\', 'backslash'],
    ['\\bword', 'escape'],
    ['\\Mx', 'escape'],
    ['(?=a)', 'kind'],
    ['(?!a)', 'kind'],
    ['(?<=a)', 'kind'],
    ['(?<n>a)', 'kind'],
    ['a(?i)', 'kind'],
    ['(?x)a', 'kind'],
    ['((a{100}){100}){100}', 'repeats too much'],
    ['(a{0,255}){5}', 'repeats too much'],
    ['((((((((((a?){2}){2}){2}){2}){2}){2}){2}){2}){2}){2}', 'repeats too much'],
    ['('.repeat(21) + 'a' + ')'.repeat(21), 'nested deeper'],
  ])('%j is refused: %s', (pattern, words) => {
    expect(patternFault(pattern)).toContain(words);
  });

  it('says where, and what is understood', () => {
    expect(patternFault('ab(?=c)')).toMatch(/^cannot be used as a pattern: character 3 .*\(\?i\) at its start$/);
  });
});
