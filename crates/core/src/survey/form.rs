//! What texts look like: e-mail addresses, dates, telephone numbers. A likeness only; nothing is judged by it.

use serde::Serialize;

/// What all values of a column look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `ada@example.com`.
    Email,
    /// `2026-11-30`.
    Day,
    /// `2026-11-30T18:00:00Z`.
    Moment,
    /// `6f9619ff-8b86-d011-b42d-00cf4fc964ff`.
    Guid,
    /// `https://example.com/…`.
    Url,
    /// `+49 30 1234`.
    Phone,
}

impl Form {
    const ALL: [Self; 6] = [
        Self::Email,
        Self::Day,
        Self::Moment,
        Self::Guid,
        Self::Url,
        Self::Phone,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Email => "e-mail",
            Self::Day => "day",
            Self::Moment => "moment",
            Self::Guid => "GUID",
            Self::Url => "URL",
            Self::Phone => "phone",
        }
    }

    fn fits(self, text: &str) -> bool {
        match self {
            Self::Email => is_email(text),
            Self::Day => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
            Self::Moment => {
                text.len() > 10
                    && (text.parse::<jiff::Timestamp>().is_ok()
                        || text.parse::<jiff::civil::DateTime>().is_ok())
            }
            Self::Guid => text.len() >= 32 && uuid::Uuid::try_parse(text).is_ok(),
            Self::Url => {
                (text.starts_with("https://") || text.starts_with("http://")) && url::Url::parse(text).is_ok()
            }
            Self::Phone => is_phone(text),
        }
    }
}

/// The forms that all values so far have.
#[derive(Clone, Debug)]
pub(super) struct Forms(Vec<Form>);

impl Default for Forms {
    fn default() -> Self {
        Self(Form::ALL.to_vec())
    }
}

impl Forms {
    /// Keeps the forms that this value has too.
    pub(super) fn keep(&mut self, text: &str) {
        self.0.retain(|form| form.fits(text));
    }

    pub(super) fn form(&self) -> Option<Form> {
        self.0.first().copied()
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    })
}

/// Digits with what people write between them, and something that a bare count does not have.
fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let others = text.trim_start_matches('+');
    (7..=15).contains(&digits)
        && others.chars().all(|c| c.is_ascii_digit() || " -()./".contains(c))
        && (text.starts_with(['+', '0', '(']) || others.contains([' ', '-', '(']))
        && text.parse::<jiff::civil::Date>().is_err()
}
