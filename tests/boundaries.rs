//! The process killed before and after every commit of its journal, on a real engine: a whole
//! Commander in a process of its own, which kills itself there, and another one that goes on.
//!
//! What kills is a journal of this suite that stands before the real one; no release can have it.
//! An effect lies between two commits, so that "before the commit" is "after the effect and before
//! anybody knew".

#[path = "boundaries/child.rs"]
mod child;
#[path = "support/docker_image.rs"]
mod docker_image;
#[path = "support/house.rs"]
mod house;
#[path = "support/shop.rs"]
mod shop;
#[path = "boundaries/walks.rs"]
mod walks;
