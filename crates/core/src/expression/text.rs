//! Functions of texts. Places are counted in characters from nought, and from the end when negative.

use unicode_normalization::UnicodeNormalization;

use super::evaluate::edge;
use super::function::{Call, Function, function};
use super::meter;
use super::pattern::compiled;
use super::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "ascii(text, language=)",
        "The text in ASCII letters. The language (`de`, `da`, `nb`, `sv`, …) decides on ä, ö, ü and å.",
        "{{ 'Jürgen Łoś' | ascii('de') }}" => "Juergen Los",
        ascii
    ),
    function!(
        "remove_accents(text)",
        "The text with accents taken off its letters.",
        "{{ 'Renée Müller' | remove_accents }}" => "Renee Muller",
        |call| {
            let text = call.text(0)?;
            Ok(Value::from(text.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).nfc().collect::<String>()))
        }
    ),
    function!(
        "lower(text, language=)",
        "The text in small letters; in Turkish (`tr`, `az`) I becomes ı.",
        "{{ 'ADA' | lower }}" => "ada",
        |call| {
            let (text, language) = (call.text(0)?, call.text_or(1, "")?);
            Ok(Value::from(if turkic(&language) { text.replace('İ', "i").replace('I', "ı") } else { text.into_owned() }.to_lowercase()))
        }
    ),
    function!(
        "upper(text, language=)",
        "The text in capitals; in Turkish (`tr`, `az`) i becomes İ.",
        "{{ 'izmir' | upper('tr') }}" => "İZMİR",
        |call| {
            let (text, language) = (call.text(0)?, call.text_or(1, "")?);
            Ok(Value::from(if turkic(&language) { text.replace('i', "İ") } else { text.into_owned() }.to_uppercase()))
        }
    ),
    function!(
        "title(text, language=)",
        "Every word with a capital, the rest of it small; as is done in Turkish (`tr`, `az`) and Dutch (`nl`: IJ).",
        "{{ 'head of SALES' | title }}" => "Head Of Sales",
        |call| {
            let (text, language) = (call.text(0)?, call.text_or(1, "")?);
            Ok(Value::from(super::names::capitalised_in(&text, &language)))
        }
    ),
    function!(
        "trim(text, characters=)",
        "The text without space, or these characters, at its ends.",
        "{{ '--a-b--' | trim('-') }}" => "a-b",
        |call| {
            let (text, characters) = (call.text(0)?, call.text_or(1, "")?);
            let trimmed = if characters.is_empty() { text.trim() } else { text.trim_matches(|c| characters.contains(c)) };
            Ok(Value::from(trimmed.to_owned()))
        }
    ),
    function!(
        "collapse(text)",
        "The text with single spaces between its words.",
        "{{ ' Ada   Lovelace ' | collapse }}" => "Ada Lovelace",
        |call| Ok(Value::from(call.text(0)?.split_whitespace().collect::<Vec<_>>().join(" ")))
    ),
    function!(
        "replace(text, from, to)",
        "The text with another in place of every `from`.",
        "{{ 'a b c' | replace(' ', '') }}" => "abc",
        replace
    ),
    function!(
        "replace_all(text, replacements)",
        "The text with several replaced in one go, as given in braces; at one place the longest counts.",
        "{{ 'Jürgen' | replace_all({'ü': 'ue', 'ß': 'ss'}) }}" => "Juergen",
        replace_all
    ),
    function!(
        "regex_replace(text, pattern, with)",
        "The text with every match of a regular expression replaced; `$1` or `${name}` stand for its groups.",
        "{{ 'Lovelace, Ada' | regex_replace('^(.*), (.*)$', '$2 $1') }}" => "Ada Lovelace",
        regex_replace
    ),
    function!(
        "regex_find(text, pattern, group=)",
        "The first match of a regular expression, or one of its groups by number. No value without a match.",
        "{{ 'cost centre 4711' | regex_find('([0-9]+)$', 1) }}" => "4711",
        regex_find
    ),
    function!(
        "substring(text, start, length=)",
        "The characters from a place on, or so many of them.",
        "{{ 'Lovelace' | substring(1, 3) }}" => "ove",
        substring
    ),
    function!(
        "truncate(text, length)",
        "At most so many characters from the start.",
        "{{ 'Lovelace' | truncate(4) }}" => "Love",
        |call| Ok(Value::from(call.text(0)?.chars().take(call.count(1)?).collect::<String>()))
    ),
    function!(
        "right(text, length)",
        "At most so many characters from the end.",
        "{{ 'Lovelace' | right(4) }}" => "lace",
        |call| {
            let (text, length) = (call.text(0)?, call.count(1)?);
            let skipped = text.chars().count().saturating_sub(length);
            Ok(Value::from(text.chars().skip(skipped).collect::<String>()))
        }
    ),
    function!(
        "word(text, number, separators=)",
        "One word by its place, between spaces or any of these characters. No value when there are fewer.",
        "{{ 'Ada King Lovelace' | word(-1) }}" => "Lovelace",
        word
    ),
    function!(
        "index_of(text, part)",
        "Where a part first stands in a text. No value when it does not.",
        "{{ 'ada@example.com' | index_of('@') }}" => "3",
        |call| {
            let (text, part) = (call.text(0)?, call.text(1)?);
            Ok(position(&text, text.find(&*part)))
        }
    ),
    function!(
        "last_index_of(text, part)",
        "Where a part last stands in a text. No value when it does not.",
        "{{ 'a.b.c' | last_index_of('.') }}" => "3",
        |call| {
            let (text, part) = (call.text(0)?, call.text(1)?);
            Ok(position(&text, text.rfind(&*part)))
        }
    ),
    function!(
        "pad(text, length, fill=, side=)",
        "The text filled up to a length, with `0` when nothing else is said, on its `left` or `right`.",
        "{{ 42 | pad(6) }}" => "000042",
        pad
    ),
];

pub(super) fn turkic(language: &str) -> bool {
    matches!(language.get(..2), Some("tr" | "az"))
}

/// What a language writes differently from the plain letter, in small letters.
fn transliteration(language: &str) -> &'static [(char, &'static str)] {
    match language.get(..2) {
        Some("de") => &[('ä', "ae"), ('ö', "oe"), ('ü', "ue")],
        Some("da" | "nb" | "nn" | "no") => &[('å', "aa"), ('ä', "ae"), ('ö', "oe")],
        Some("sv" | "fi") => &[('å', "a"), ('ä', "a"), ('ö', "o")],
        _ => &[],
    }
}

/// What every language writes so.
const LIGATURES: [(char, &str); 2] = [('ø', "oe"), ('œ', "oe")];

fn ascii<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, language) = (call.text(0)?, call.text_or(1, "")?);
    if text.is_ascii() {
        return Ok(Value::Text(text));
    }
    in_ascii(&text, &language).map(Value::from)
}

/// A text in ASCII, by the rules of a language; an error when it gets too long.
pub(super) fn in_ascii(text: &str, language: &str) -> Result<String, String> {
    let special = transliteration(&language.to_lowercase());
    let mut plain = String::with_capacity(text.len() + 8);
    let mut letters = text.nfc().peekable();
    while let Some(letter) = letters.next() {
        let small = letter.to_lowercase().next().unwrap_or(letter);
        let known = special
            .iter()
            .chain(&LIGATURES)
            .find(|(known, _)| *known == small);
        let written = known.map_or_else(|| any_ascii::any_ascii_char(letter), |(_, written)| *written);
        if known.is_some() && small != letter {
            // Ä is Ae in Ärzte, and AE in ÄRZTE.
            let capitals = letters.peek().is_some_and(|next| next.is_uppercase());
            let mut rest = written.chars();
            plain.extend(rest.next().map(|c| c.to_ascii_uppercase()));
            plain.extend(rest.map(|c| if capitals { c.to_ascii_uppercase() } else { c }));
        } else {
            plain.push_str(written);
        }
        meter::room(plain.len())?;
    }
    Ok(plain)
}

fn replace<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, from, to) = (call.text(0)?, call.text(1)?, call.text(2)?);
    if from.is_empty() {
        return Err("needs a text to replace, found an empty one".into());
    }
    let count = text.matches(&*from).count();
    meter::room((text.len() - count * from.len()).saturating_add(count.saturating_mul(to.len())))?;
    Ok(Value::from(text.replace(&*from, &to)))
}

fn replace_all<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let text = call.text(0)?;
    let Value::Map(members) = call.take(1) else {
        return Err("needs its replacements in braces, such as `{'ü': 'ue'}`".into());
    };
    let mut replacements = Vec::with_capacity(members.len());
    for (from, to) in members {
        let kind = to.kind();
        let to = to
            .into_text()
            .ok_or_else(|| format!("needs a text for `{from}`, found {kind}"))?;
        if from.is_empty() {
            return Err("needs a text to replace, found an empty one".into());
        }
        replacements.push((from, to));
    }
    replacements.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    let (mut made, mut rest) = (String::with_capacity(text.len()), &*text);
    while let Some(next) = rest.chars().next() {
        if let Some((after, to)) = replacements
            .iter()
            .find_map(|(from, to)| Some((rest.strip_prefix(&**from)?, to)))
        {
            made.push_str(to);
            rest = after;
        } else {
            made.push(next);
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
        meter::room(made.len())?;
        call.meter.spend(replacements.len())?;
    }
    Ok(Value::from(made))
}

fn regex_replace<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, pattern, with) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let regex = compiled(&pattern)?;
    let (mut made, mut end) = (String::with_capacity(text.len()), 0);
    for found in regex.captures_iter(&text) {
        let Some(whole) = found.get(0) else { continue };
        made.push_str(text.get(end..whole.start()).unwrap_or_default());
        // Groups can be named many times over, so this is asked before the text is made.
        let longest = found.iter().flatten().map(|group| group.len()).max().unwrap_or(0);
        meter::room(made.len() + with.len() + longest.saturating_mul(with.matches('$').count()))?;
        found.expand(&with, &mut made);
        end = whole.end();
    }
    made.push_str(text.get(end..).unwrap_or_default());
    Ok(Value::from(made))
}

fn regex_find<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, pattern, group) = (call.text(0)?, call.text(1)?, call.int_or(2, 0)?);
    let regex = compiled(&pattern)?;
    let group = usize::try_from(group)
        .ok()
        .filter(|group| *group < regex.captures_len());
    let group = group.ok_or("needs the number of a group that the pattern has")?;
    let found = regex
        .captures(&text)
        .and_then(|found| found.get(group).map(|group| group.as_str().to_owned()));
    Ok(found
        .filter(|found| !found.is_empty())
        .map_or_else(Value::nothing, Value::from))
}

fn substring<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let text = call.text(0)?;
    let start = edge(call.int(1)?, text.chars().count());
    let length = if call.has(2) { call.count(2)? } else { usize::MAX };
    Ok(Value::from(
        text.chars().skip(start).take(length).collect::<String>(),
    ))
}

fn word<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, number, separators) = (call.text(0)?, call.int(1)?, call.text_or(2, "")?);
    let between = |c: char| {
        if separators.is_empty() {
            c.is_whitespace()
        } else {
            separators.contains(c)
        }
    };
    let words: Vec<&str> = text.split(between).filter(|word| !word.is_empty()).collect();
    let found = super::evaluate::place(number, words.len()).and_then(|at| words.get(at).copied());
    Ok(found.map_or_else(Value::nothing, |word| Value::from(word.to_owned())))
}

/// A byte offset as a count of characters.
fn position<'a>(text: &str, at: Option<usize>) -> Value<'a> {
    let before = at.and_then(|at| text.get(..at));
    before
        .and_then(|before| i64::try_from(before.chars().count()).ok())
        .map_or_else(Value::nothing, Value::Int)
}

fn pad<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, length) = (call.text(0)?, call.count(1)?);
    let (fill, side) = (call.text_or(2, "0")?, call.text_or(3, "left")?);
    let mut characters = fill.chars();
    let (Some(fill), None) = (characters.next(), characters.next()) else {
        return Err(format!("needs one character to fill with, found `{fill}`"));
    };
    let absent = length.saturating_sub(text.chars().count());
    meter::room(text.len().saturating_add(absent.saturating_mul(fill.len_utf8())))?;
    let filling = std::iter::repeat_n(fill, absent);
    match &*side {
        "left" => Ok(Value::from(filling.chain(text.chars()).collect::<String>())),
        "right" => Ok(Value::from(text.chars().chain(filling).collect::<String>())),
        other => Err(format!("needs `left` or `right` as the side, found `{other}`")),
    }
}
