//! First passwords: the rule that a template gives, and passwords made by it from randomness that is passed in.

mod words;

use std::fmt;

use rand::Rng;
use rand::RngExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

use words::WORDS;

/// How first passwords are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordRule {
    /// Number of characters, 8 to 128; of words at least so many.
    #[serde(default = "PasswordRule::default_length")]
    #[schemars(range(min = 8, max = 128))]
    pub length: u8,
    /// Whether the person must choose another one at the first sign-in.
    #[serde(default)]
    pub must_change: bool,
    /// Characters that are never used. Look-alikes (`0 O 1 l I |`) never are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub avoid: String,
    /// What it is made of.
    #[serde(default, skip_serializing_if = "PasswordStyle::is_random")]
    pub style: PasswordStyle,
    /// The classes of characters that it has at least one of each; all of them when not said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<CharacterClass>,
    /// `words` only: how many, 4 to 12.
    #[serde(
        default = "PasswordRule::default_words",
        skip_serializing_if = "PasswordRule::are_default_words"
    )]
    #[schemars(range(min = 4, max = 12))]
    pub words: u8,
}

/// What passwords are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PasswordStyle {
    /// Characters in no order.
    #[default]
    Random,
    /// Syllables that can be spoken, such as `Nubefi-Tosaka47`.
    Pronounceable,
    /// Short words, such as `Amber-Kite-Onion-Salt-Pony-47`.
    Words,
}

impl PasswordStyle {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn is_random(&self) -> bool {
        *self == Self::Random
    }
}

/// Classes of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CharacterClass {
    /// Upper case letters.
    Upper,
    /// Lower case letters.
    Lower,
    /// Digits.
    Digits,
    /// Marks such as `!` and `-`.
    Marks,
}

impl CharacterClass {
    /// All of them, in the order in which passwords are made.
    pub const ALL: [Self; 4] = [Self::Upper, Self::Lower, Self::Digits, Self::Marks];

    /// Its characters, without those that look like others.
    fn characters(self) -> &'static str {
        match self {
            Self::Upper => "ABCDEFGHJKLMNPQRSTUVWXYZ",
            Self::Lower => "abcdefghijkmnopqrstuvwxyz",
            Self::Digits => "23456789",
            Self::Marks => "!#$%*+-.:=?@_",
        }
    }
}

impl Default for PasswordRule {
    fn default() -> Self {
        Self {
            length: Self::default_length(),
            must_change: false,
            avoid: String::new(),
            style: PasswordStyle::Random,
            classes: Vec::new(),
            words: Self::default_words(),
        }
    }
}

/// In words, as plans show it.
impl fmt::Display for PasswordRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            PasswordStyle::Random => write!(f, "{} random characters", self.length),
            PasswordStyle::Pronounceable => write!(f, "{} random characters in syllables", self.length),
            PasswordStyle::Words => write!(f, "{} random words", self.words),
        }
    }
}

/// How often a password is made anew that has a part of the person's name in it.
const TRIES: usize = 1000;
/// The fewest letters of a name that a password may not have together, as in Active Directory's rule of complexity.
const PART: usize = 3;

impl PasswordRule {
    fn default_length() -> u8 {
        16
    }

    fn default_words() -> u8 {
        5
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn are_default_words(words: &u8) -> bool {
        *words == Self::default_words()
    }

    /// Makes a password that has at least one character of every class that `avoid` leaves any of, and no part of
    /// three letters or more of the person's `names` (words of them: `Ada Byrne` is two).
    pub fn generate<'n>(&self, names: impl IntoIterator<Item = &'n str>, random: &mut dyn Rng) -> Secret {
        let parts: Vec<String> = names
            .into_iter()
            .flat_map(|name| name.split(|c: char| !c.is_alphanumeric()))
            .filter(|part| part.chars().count() >= PART)
            .map(str::to_lowercase)
            .collect();
        let mut password = String::new();
        for _ in 0..TRIES {
            password = match self.style {
                PasswordStyle::Random => self.characters(random),
                PasswordStyle::Pronounceable => self.syllables(random),
                PasswordStyle::Words => self.words(random),
            };
            let small = password.to_lowercase();
            if !parts.iter().any(|part| small.contains(part.as_str())) {
                break;
            }
        }
        Secret::new(password)
    }

    /// Whether there are characters to make a password of.
    pub fn leaves_characters(&self) -> bool {
        !self.classes().is_empty()
    }

    /// The characters of each class that are used.
    fn classes(&self) -> Vec<Vec<char>> {
        let wanted = |class: &CharacterClass| self.classes.is_empty() || self.classes.contains(class);
        let classes = CharacterClass::ALL.into_iter().filter(wanted);
        classes
            .map(|class| self.of_class(class))
            .filter(|class| !class.is_empty())
            .collect()
    }

    fn of_class(&self, class: CharacterClass) -> Vec<char> {
        let characters = class.characters().chars();
        characters.filter(|c| !self.avoid.contains(*c)).collect()
    }

    fn length(&self) -> usize {
        usize::from(self.length.clamp(8, 128))
    }

    fn characters(&self, random: &mut dyn Rng) -> String {
        let classes = self.classes();
        let all: Vec<char> = classes.iter().flatten().copied().collect();
        let mut chosen: Vec<char> = classes.iter().filter_map(|class| pick(class, random)).collect();
        chosen.extend((chosen.len()..self.length()).filter_map(|_| pick(&all, random)));
        for at in (1..chosen.len()).rev() {
            chosen.swap(at, random.random_range(0..=at));
        }
        chosen.into_iter().collect()
    }

    /// What comes after letters so that digits and marks are there too.
    fn ending(&self, random: &mut dyn Rng) -> String {
        let has = |class| self.classes.is_empty() || self.classes.contains(&class);
        let mut ending = String::new();
        if has(CharacterClass::Marks) {
            ending.extend(pick(&self.of_class(CharacterClass::Marks), random));
        }
        if has(CharacterClass::Digits) {
            let digits = self.of_class(CharacterClass::Digits);
            ending.extend((0..2).filter_map(|_| pick(&digits, random)));
        }
        ending
    }

    fn is_upper(&self) -> bool {
        self.classes.is_empty() || self.classes.contains(&CharacterClass::Upper)
    }

    fn syllables(&self, random: &mut dyn Rng) -> String {
        let letters =
            |from: &str| -> Vec<char> { from.chars().filter(|c| !self.avoid.contains(*c)).collect() };
        let (consonants, vowels) = (letters("bcdfghjkmnprstvwxz"), letters("aeiou"));
        let ending = self.ending(random);
        let mut text = String::new();
        for at in 0..self.length().saturating_sub(ending.len()) {
            let from = if at % 2 == 0 { &consonants } else { &vowels };
            let letter = pick(from, random).or_else(|| pick(&consonants, random));
            let capital = self.is_upper() && at % 6 == 0;
            let avoided = |c: &char| !self.avoid.contains(*c);
            text.extend(letter.map(|c| {
                let upper = c.to_ascii_uppercase();
                if capital {
                    Some(upper).filter(avoided).unwrap_or(c)
                } else {
                    c
                }
            }));
        }
        text + &ending
    }

    fn words(&self, random: &mut dyn Rng) -> String {
        let known: Vec<&str> = WORDS
            .iter()
            .copied()
            .filter(|word| !word.contains(|c| self.avoid.contains(c)))
            .collect();
        let between = ["-", ".", "_", "+"]
            .into_iter()
            .find(|mark| !self.avoid.contains(mark))
            .unwrap_or_default();
        let digits = self
            .ending(random)
            .chars()
            .filter(char::is_ascii_digit)
            .collect::<String>();
        let (mut text, mut count) = (String::new(), 0);
        while (count < usize::from(self.words.clamp(4, 12)) || text.len() + digits.len() < self.length())
            && !known.is_empty()
        {
            let word = known
                .get(random.random_range(0..known.len()))
                .copied()
                .unwrap_or_default();
            let mut letters = word.chars();
            let first = letters.next().map(|c| {
                if self.is_upper() {
                    c.to_ascii_uppercase()
                } else {
                    c
                }
            });
            text.extend(first.into_iter().chain(letters));
            text.push_str(between);
            count += 1;
        }
        if digits.is_empty() {
            text.truncate(text.len() - between.len());
        }
        text + &digits
    }
}

fn pick(from: &[char], random: &mut dyn Rng) -> Option<char> {
    (!from.is_empty())
        .then(|| from.get(random.random_range(0..from.len())).copied())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn made(rule: &PasswordRule, names: &[&str], count: usize) -> Vec<String> {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let one = |_| {
            rule.generate(names.iter().copied(), &mut random)
                .expose()
                .to_owned()
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn every_class_is_there_and_what_is_avoided_is_not() {
        let rule = PasswordRule {
            length: 12,
            avoid: "$#%".into(),
            ..PasswordRule::default()
        };
        for text in made(&rule, &[], 200) {
            assert_eq!(text.chars().count(), 12);
            for class in CharacterClass::ALL {
                assert!(
                    text.contains(|c| class.characters().contains(c)),
                    "{text} has none of {class:?}"
                );
            }
            assert!(!text.contains(['$', '#', '%', 'l', '0']));
        }
        let digits = PasswordRule {
            classes: vec![CharacterClass::Digits],
            ..PasswordRule::default()
        };
        assert!(
            made(&digits, &[], 20)
                .iter()
                .all(|text| text.chars().all(|c| c.is_ascii_digit()))
        );
    }

    #[test]
    fn no_part_of_the_name_is_in_it() {
        let rule = PasswordRule {
            style: PasswordStyle::Words,
            ..PasswordRule::default()
        };
        let word = WORDS[0];
        let with = made(&rule, &[], 400);
        assert!(
            with.iter().any(|text| text.to_lowercase().contains(word)),
            "the test sees nothing"
        );
        let name = format!("{word} Byrne");
        assert!(
            made(&rule, &[&name], 400)
                .iter()
                .all(|text| !text.to_lowercase().contains(word))
        );
    }

    #[test]
    fn passwords_can_be_spoken_or_be_words() {
        let spoken = PasswordRule {
            style: PasswordStyle::Pronounceable,
            ..PasswordRule::default()
        };
        for text in made(&spoken, &[], 50) {
            assert_eq!(text.len(), 16, "{text}");
            for class in CharacterClass::ALL {
                assert!(
                    text.contains(|c| class.characters().contains(c)),
                    "{text} has none of {class:?}"
                );
            }
        }
        let words = PasswordRule {
            style: PasswordStyle::Words,
            avoid: "-".into(),
            length: 40,
            ..PasswordRule::default()
        };
        for text in made(&words, &[], 50) {
            assert!(
                text.len() >= 40 && !text.contains('-') && text.split('.').count() >= 6,
                "{text}"
            );
        }
        assert_eq!(words.to_string(), "5 random words");
    }

    #[test]
    fn words_are_different_short_and_plain() {
        let different: std::collections::HashSet<&str> = WORDS.iter().copied().collect();
        assert_eq!(different.len(), WORDS.len());
        assert!(WORDS.len() >= 500, "{}", WORDS.len());
        assert!(
            WORDS
                .iter()
                .all(|word| (3..=6).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase()))
        );
    }
}
