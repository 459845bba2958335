//! First passwords: the rule that a template gives, and passwords made by it from randomness that is passed in.

use rand::Rng;
use rand::RngExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// How first passwords are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordRule {
    /// Number of characters, 8 to 128.
    #[serde(default = "PasswordRule::default_length")]
    #[schemars(range(min = 8, max = 128))]
    pub length: u8,
    /// Whether the person must choose another one at the first sign-in.
    #[serde(default)]
    pub must_change: bool,
    /// Characters that are never used. Look-alikes (`0 O 1 l I |`) never are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub avoid: String,
}

impl Default for PasswordRule {
    fn default() -> Self {
        Self {
            length: Self::default_length(),
            must_change: false,
            avoid: String::new(),
        }
    }
}

const CLASSES: [&str; 4] = [
    "ABCDEFGHJKLMNPQRSTUVWXYZ",
    "abcdefghijkmnopqrstuvwxyz",
    "23456789",
    "!#$%*+-.:=?@_",
];

impl PasswordRule {
    fn default_length() -> u8 {
        16
    }

    /// Makes a password that has at least one character of every class (upper and lower case letters, digits,
    /// marks) that `avoid` leaves any of.
    pub fn generate(&self, random: &mut dyn Rng) -> Secret {
        let classes: Vec<Vec<char>> = CLASSES
            .iter()
            .map(|class| {
                class
                    .chars()
                    .filter(|c| !self.avoid.contains(*c))
                    .collect::<Vec<_>>()
            })
            .filter(|class| !class.is_empty())
            .collect();
        let all: Vec<char> = classes.iter().flatten().copied().collect();
        let length = usize::from(self.length.clamp(8, 128));
        let mut chosen: Vec<char> = classes.iter().filter_map(|class| pick(class, random)).collect();
        chosen.extend((chosen.len()..length).filter_map(|_| pick(&all, random)));
        for at in (1..chosen.len()).rev() {
            chosen.swap(at, random.random_range(0..=at));
        }
        Secret::new(chosen.into_iter().collect())
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

    #[test]
    fn every_class_is_there_and_what_is_avoided_is_not() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let rule = PasswordRule {
            length: 12,
            avoid: "$#%".into(),
            ..PasswordRule::default()
        };
        for _ in 0..200 {
            let password = rule.generate(&mut random);
            let text = password.expose();
            assert_eq!(text.chars().count(), 12);
            for class in CLASSES {
                assert!(text.contains(|c| class.contains(c)), "{text} has none of {class}");
            }
            assert!(!text.contains(['$', '#', '%', 'l', '0']));
        }
    }
}
