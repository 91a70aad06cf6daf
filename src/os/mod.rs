//! Clock, ids, environment, processes, the terminal and the HTTP client: nothing else in the house
//! touches those.

pub mod clock;
pub mod env;
pub mod files;
pub mod http;
pub mod ids;
pub mod net;
pub mod process;
pub mod scratch;
pub mod signals;
pub mod terminal;
