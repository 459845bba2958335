//! Cron texts, so far as it is known whether they are right: five fields of numbers, names, ranges, lists and steps.

/// A field: what it is called, its bounds, and the names that stand for numbers from the lower bound on.
struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field {
        name: "minute",
        low: 0,
        high: 59,
        words: &[],
    },
    Field {
        name: "hour",
        low: 0,
        high: 23,
        words: &[],
    },
    Field {
        name: "day of the month",
        low: 1,
        high: 31,
        words: &[],
    },
    Field {
        name: "month",
        low: 1,
        high: 12,
        words: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Field {
        name: "day of the week",
        low: 0,
        high: 7,
        words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

/// What is wrong with a cron text.
pub(super) fn check(text: &str) -> Result<(), String> {
    let parts: Vec<_> = text.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return Err(format!("`{text}`, which has {} fields instead of 5", parts.len()));
    }
    for (part, field) in parts.iter().zip(&FIELDS) {
        if !part.split(',').all(|item| field.takes(item)) {
            return Err(format!(
                "`{part}` as the {}, which goes from {} to {}",
                field.name, field.low, field.high
            ));
        }
    }
    Ok(())
}

impl Field {
    fn takes(&self, item: &str) -> bool {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (
                range,
                step.parse().ok().filter(|step| (1..=self.high).contains(step)),
            ),
            None => (item, Some(1)),
        };
        let in_order = match range.split_once('-') {
            _ if range == "*" => true,
            Some((from, to)) => {
                matches!((self.number(from), self.number(to)), (Some(from), Some(to)) if from <= to)
            }
            None => self.number(range).is_some(),
        };
        in_order && step.is_some()
    }

    fn number(&self, text: &str) -> Option<u32> {
        let word = self
            .words
            .iter()
            .zip(self.low..)
            .find(|(word, _)| word.eq_ignore_ascii_case(text));
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = word
            .map(|(_, number)| number)
            .or_else(|| text.parse().ok().filter(|_| digits))?;
        (self.low..=self.high).contains(&number).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_texts_are_taken_and_slips_are_named() {
        for text in [
            "*/15 * * * *",
            "0 6,18 1-15 * mon-fri",
            "59 23 31 12 7",
            "5-55/10 0 * JAN,jul 0",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for (text, found) in [
            ("* * * *", "which has 4 fields instead of 5"),
            ("60 * * * *", "`60` as the minute, which goes from 0 to 59"),
            ("0 0 0 * *", "`0` as the day of the month"),
            ("0 0 * * fri-mon", "`fri-mon` as the day of the week"),
            ("*/0 * * * *", "`*/0` as the minute"),
            ("+1 * * * *", "`+1` as the minute"),
            ("1, * * * *", "`1,` as the minute"),
        ] {
            let error = check(text).unwrap_err();
            assert!(error.contains(found), "{error}");
        }
    }
}
