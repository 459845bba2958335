//! What one evaluation may use: so many steps and so much text, so that no expression takes noticeable time or
//! memory. Expressions have no loops, but a filter over a long list comes near to one.

use std::cell::Cell;

use super::value::Value;

/// The longest text that any part of an expression may make, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;

/// The longest list, in items.
pub const MAX_ITEMS: usize = 10_000;

/// Bytes of text that one evaluation may make altogether; every step counts as a few.
const BUDGET: usize = 2 * 1024 * 1024;

/// What a step costs beside the text it makes.
const STEP: usize = 16;

/// What is left for one evaluation.
pub(super) struct Meter {
    left: Cell<usize>,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            left: Cell::new(BUDGET),
        }
    }

    /// Counts a step that made `bytes` of text.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), String> {
        match self.left.get().checked_sub(bytes + STEP) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err("works with too much text; take fewer or shorter values".into()),
        }
    }

    /// Counts a value that a function made, which must be within the limits.
    pub(super) fn check<'a>(&self, value: Value<'a>) -> Result<Value<'a>, String> {
        match &value {
            Value::Text(text) => {
                room(text.len())?;
                self.spend(text.len())?;
            }
            Value::List(items) => {
                if items.len() > MAX_ITEMS {
                    return Err(format!(
                        "gives a list of {} items; {MAX_ITEMS} is the most",
                        items.len()
                    ));
                }
                self.spend(items.len() * STEP)?;
            }
            _ => self.spend(0)?,
        }
        Ok(value)
    }
}

/// Whether a text of so many bytes may be made. Asked before it is.
pub(super) fn room(bytes: usize) -> Result<(), String> {
    if bytes > MAX_TEXT {
        Err(format!("gives a text of more than {MAX_TEXT} bytes"))
    } else {
        Ok(())
    }
}
