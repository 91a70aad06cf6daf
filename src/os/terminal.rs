//! The terminal, if there is one.

use std::io::IsTerminal;

use super::env;

/// Columns of a terminal whose size is not known.
const USUAL_WIDTH: usize = 80;

/// Whether what is printed is read by a person now, not by a file or another program.
pub fn is_interactive() -> bool {
    std::io::stdout().is_terminal()
}

/// What a person or a shell sets to the columns that there are, as POSIX has it.
const WIDTH_VARIABLE: &str = "COLUMNS";

/// Columns to write in: as many as `COLUMNS` says, else as the terminal has, else 80.
pub fn width() -> usize {
    let said = env::variable(WIDTH_VARIABLE).and_then(|value| value.to_str()?.parse().ok());
    if let Some(columns) = said.filter(|columns| *columns > 0) {
        return columns;
    }
    rustix::termios::tcgetwinsize(std::io::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
        .unwrap_or(USUAL_WIDTH)
}
