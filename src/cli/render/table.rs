//! Tables that fit the page: where the columns need more than there is, the widest is cut.

use super::page::{Page, Tone, columns, cut};
use crate::domain::text::printable;

/// Columns between two cells.
const GAP: usize = 2;
/// A narrower column says nothing.
const NARROWEST: usize = 8;
/// Characters of one cell.
const LONGEST: usize = 200;

/// A cell: its tone and its text, made printable when it is laid out.
pub type Cell = (Tone, String);

pub fn plain(text: impl Into<String>) -> Cell {
    (Tone::Plain, text.into())
}

/// `heads` above `rows`, each row with as many cells.
pub fn table<const N: usize>(page: &Page, heads: [&str; N], rows: &[[Cell; N]]) -> String {
    let heads = heads.map(|head| (Tone::Dim, head.to_owned()));
    let all: Vec<[Cell; N]> = std::iter::once(&heads)
        .chain(rows)
        .map(|row| {
            row.clone()
                .map(|(tone, text)| (tone, printable(&text, LONGEST)))
        })
        .collect();
    let widths = widths(&all, page.width);
    let mut text = String::new();
    for row in &all {
        let mut line = String::new();
        for (column, (tone, cell)) in row.iter().enumerate() {
            let cell = cut(cell, widths[column]);
            let fill = widths[column] - columns(&cell) + GAP;
            line.push_str(&page.paint(*tone, &cell));
            line.push_str(&" ".repeat(fill));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// What each column needs, less what is too much, taken from the widest each time.
fn widths<const N: usize>(rows: &[[Cell; N]], page: usize) -> [usize; N] {
    let mut widths: [usize; N] = std::array::from_fn(|column| {
        let needed = rows.iter().map(|row| columns(&row[column].1));
        needed.max().unwrap_or(0)
    });
    loop {
        let total: usize = widths.iter().sum::<usize>() + GAP * N.saturating_sub(1);
        let widest = (0..N).max_by_key(|column| widths[*column]);
        match widest {
            Some(column) if total > page && widths[column] > NARROWEST => {
                widths[column] -= (total - page).min(widths[column] - NARROWEST).min(
                    // Down to the second widest, and then both in turn.
                    (widths[column] - second(&widths, column)).max(1),
                );
            }
            _ => return widths,
        }
    }
}

fn second<const N: usize>(widths: &[usize; N], widest: usize) -> usize {
    let others = (0..N).filter(|column| *column != widest);
    others.map(|column| widths[column]).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    #[test]
    fn the_widest_columns_are_cut_until_the_table_fits() {
        let page = Page {
            width: 40,
            colours: false,
            zone: TimeZone::UTC,
            now: Timestamp::UNIX_EPOCH,
        };
        let rows = [
            [plain("one"), plain("a".repeat(30)), plain("b".repeat(20))],
            [plain("two"), plain("short"), plain("also short")],
        ];
        let text = table(&page, ["N", "FIRST", "SECOND"], &rows);
        assert_eq!(
            text,
            "N    FIRST              SECOND\n\
             one  aaaaaaaaaaaaaaaa…  bbbbbbbbbbbbbbb…\n\
             two  short              also short\n"
        );
        assert!(text.lines().all(|line| columns(line) <= 40), "{text}");
    }
}
