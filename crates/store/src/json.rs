//! Values that are kept as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

/// The text to be stored.
pub(crate) fn to_json<T: Serialize + ?Sized>(doing: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::database(doing)(sqlx::Error::Encode(error.into())))
}

/// The value of a stored text.
pub(crate) fn from_json<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged {
        table,
        found: format!("a text that cannot be read: {error}"),
    })
}
