//! What Tenure serves to browsers: the state of its applications, and the way back from a vendor's sign-in. Handlers
//! are thin: they ask the engine and present. Nothing here knows where documents are kept, or speaks to a vendor.

mod address;
mod gate;
mod page;
mod routes;
mod serve;
mod services;
mod waiting;

pub use address::{AddressError, PublicUrl};
pub use serve::Server;
pub use services::{ReadDocuments, Services, Unreadable};
