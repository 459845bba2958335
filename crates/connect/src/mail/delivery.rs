//! What became of one message to one address or channel.

/// What became of one message to one address or channel.
pub(super) enum Delivery {
    Taken,
    /// Nothing will make the other side take it.
    Refused(String),
    /// It may go another time.
    Failed(String),
    /// Nothing came back.
    Unknown(String),
}
