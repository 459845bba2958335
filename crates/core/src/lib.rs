//! Tenure's domain: what people's accounts should be, and what has to happen for them to be so.
//!
//! Everything here is a pure function of what is passed in: no input or output, no clock, no randomness.

pub mod account;
pub mod action;
pub mod attribute;
mod attribute_map;
pub mod capability;
pub mod cloud;
pub mod compile;
pub mod digest;
pub mod directory_action;
pub mod dn;
pub mod document;
pub mod expression;
pub mod fetching;
pub mod fixture;
mod hashed;
pub mod home_folder;
pub mod join;
pub mod join_part;
pub mod lifecycle;
pub mod link;
pub mod macros;
pub mod mapping;
pub mod microsoft365;
pub mod outcome;
pub mod password;
pub mod photo;
pub mod plan;
pub mod profile;
pub mod record;
pub mod redact;
pub mod seams;
pub mod secret;
pub mod shape;
pub mod share_path;
pub mod sid;
pub mod survey;
pub mod syntax;
pub mod watching;
