//! Functions of people's names and numbers.

use super::function::{Call, Function, function};
use super::phone;
use super::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "initials(text, separator=)",
        "The first letter of every word, parts joined by a hyphen included.",
        "{{ 'Ada-Maria King Lovelace' | initials }}" => "AMKL",
        initials
    ),
    function!(
        "proper_name(text)",
        "A person's name as names are written: capitals also after hyphen and apostrophe and in McKay, particles \
         (van, von, de, …) small behind a first word, II, III and IV large.",
        "{{ \"LUDWIG VAN O'BRIEN-mcdonald iii\" | proper_name }}" => "Ludwig van O'Brien-McDonald III",
        proper_name
    ),
    function!(
        "phone(text, country=)",
        "A telephone number as in E.164. A national one needs its country (ISO 3166, two letters).",
        "{{ '(030) 12 34-56' | phone('DE') }}" => "+4930123456",
        phone_number
    ),
];

/// Words that stay small within a name.
const PARTICLES: [&str; 27] = [
    "af", "al", "av", "bin", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du", "el",
    "ibn", "la", "le", "ten", "ter", "van", "vom", "von", "y", "zu", "zum",
];

/// Numbers behind a name.
const NUMERALS: [&str; 5] = ["ii", "iii", "iv", "vi", "vii"];

fn initials<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, separator) = (call.text(0)?, call.text_or(1, "")?);
    let words = text.split(|c: char| c.is_whitespace() || c == '-');
    let letters: Vec<String> = words
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()))
        .map(large)
        .collect();
    super::meter::room(letters.len().saturating_mul(separator.len() + 4))?;
    Ok(if letters.is_empty() {
        Value::nothing()
    } else {
        Value::from(letters.join(&separator))
    })
}

fn large(letter: char) -> String {
    letter.to_uppercase().collect()
}

/// Every word with a capital. An apostrophe begins a new one when at least two letters follow it: O'Brien, but
/// employee's.
pub(super) fn capitalised(text: &str) -> String {
    capitalised_by(text, |letter, made| made.extend(letter.to_uppercase()))
}

/// The same as a language does it: in Turkish i and ı are other letters, and Dutch has IJ.
pub(super) fn capitalised_in(text: &str, language: &str) -> String {
    if super::text::turkic(language) {
        let small = text.replace('İ', "i").replace('I', "ı");
        return capitalised_by(&small, |letter, made| match letter {
            'i' => made.push('İ'),
            other => made.extend(other.to_uppercase()),
        });
    }
    let mut made = capitalised(text);
    if matches!(language.get(..2), Some("nl")) {
        let starts: Vec<usize> = made.match_indices("Ij").map(|(at, _)| at).collect();
        for at in starts {
            made.replace_range(at..at + 2, "IJ");
        }
    }
    made
}

fn capitalised_by(text: &str, large: fn(char, &mut String)) -> String {
    let mut made = String::with_capacity(text.len());
    let mut inside = false;
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        if inside {
            made.extend(letter.to_lowercase());
        } else {
            large(letter, &mut made);
        }
        inside = match letter {
            '\'' | '’' => inside && rest.clone().take_while(|c| c.is_alphabetic()).count() < 2,
            letter => letter.is_alphanumeric() || unicode_normalization::char::is_combining_mark(letter),
        };
    }
    made
}

fn proper_name<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let text = call.text(0)?;
    let mut made = String::with_capacity(text.len());
    for (at, word) in text.split_whitespace().enumerate() {
        if at > 0 {
            made.push(' ');
        }
        let small = word.to_lowercase();
        if at > 0 && PARTICLES.contains(&&*small) {
            made.push_str(&small);
        } else if at > 0 && NUMERALS.contains(&small.trim_end_matches(['.', ','])) {
            made.push_str(&small.to_uppercase());
        } else {
            let parts: Vec<String> = capitalised(word).split('-').map(scottish).collect();
            made.push_str(&parts.join("-"));
        }
    }
    Ok(Value::from(made))
}

/// `Mc` is followed by a capital; `Mac` is not, since Mackenzie and Macron are as common as `MacDonald`.
fn scottish(part: &str) -> String {
    match part.strip_prefix("Mc").map(str::chars) {
        Some(mut rest) => match rest.next() {
            Some(first) => format!("Mc{}{}", large(first), rest.as_str()),
            None => part.to_owned(),
        },
        None => part.to_owned(),
    }
}

fn phone_number<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, country) = (call.text(0)?, call.text_or(1, "")?);
    phone::international(&text, &country).map(Value::from)
}
