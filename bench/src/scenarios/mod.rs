//! What is measured, one scenario in each file.

pub mod domain;
pub mod import;
pub mod mapping;
pub mod noop;
pub mod plan;
pub mod writes;
