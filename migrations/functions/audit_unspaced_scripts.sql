-- Characters, for a bracket of a regular expression, of scripts that are written without spaces between words, or, as
-- Korean, with endings attached to them: Thai, Lao, Burmese, Khmer, kana, bopomofo, CJK ideographs, Hangul.
create function audit_unspaced_scripts() returns text
language sql immutable parallel safe
return '\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3021-\u302f\u3031-\u312f\u31f0-\u31ff\u3400-\u4dbf'
  '\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af';
