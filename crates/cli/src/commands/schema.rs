//! `tenure schema`: JSON Schemas for editors.

use tenure_core::document::{kinds, schema as schema_of};

use crate::exit::Exit;
use crate::output::json::print;

pub fn schema(kind: Option<&str>) -> super::Result {
    match kind {
        None => {
            for kind in kinds() {
                println!("{kind}");
            }
        }
        Some(kind) => match schema_of(kind) {
            Some(schema) => print(&schema),
            None => {
                return Err(format!(
                    "there is no kind of document `{kind}`; there are {}",
                    kinds().join(", ")
                )
                .into());
            }
        },
    }
    Ok(Exit::Done)
}
