//! `tenure serve`: authorizing an application with a browser, and what is turned away.

mod authorizing;
mod ending;
mod gate;
mod served;
