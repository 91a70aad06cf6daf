//! How the story is told while it is played: a line for each thing that happened, with the time
//! since the beginning; on a terminal, also what is being waited for.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::figures::Figures;
use super::story::Part;
use crate::cli::console::Console;
use crate::cli::render::page::{Page, Tone};
use crate::os::clock;

/// How often the spinner of a terminal turns.
const TURN: Duration = Duration::from_millis(120);

pub struct Telling {
    begun: Instant,
    page: Page,
    /// With `--json`, standard output is for the figures alone.
    beside: bool,
    spinner: ProgressBar,
    waits_for: Mutex<String>,
}

impl Telling {
    pub fn new(console: &Console) -> Self {
        let spinner = match console.interactive {
            true => ProgressBar::new_spinner().with_style(
                ProgressStyle::with_template("   {spinner} {msg} ({elapsed})")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            ),
            false => ProgressBar::hidden(),
        };
        Self {
            begun: clock::monotonic(),
            page: console.page(),
            beside: console.json(),
            spinner,
            waits_for: Mutex::default(),
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub fn page(&self) -> &Page {
        &self.page
    }

    pub fn introduces(&self) {
        self.print(
            "A sentence deploys a real service, and a bad release takes itself back: on this\n\
             machine's Docker, with a Prometheus, visitors and a Commander of its own. It takes two\n\
             to three minutes, and everything is removed again.\n",
        );
    }

    pub fn begins(&self, part: Part) {
        let title = match part {
            Part::Stage => part.title().to_owned(),
            part => format!("{}. {}", part as usize, part.title()),
        };
        self.print(&format!("\n{}\n", self.page.paint(Tone::Strong, &title)));
        if part != Part::Stage {
            let ask = format!("   commander ask \"{}\"", part.sentence());
            self.print(&format!("{}\n", self.page.paint(Tone::Dim, &ask)));
        }
    }

    /// Something happened as it should.
    pub fn did(&self, what: &str) {
        self.happened(Tone::Plain, what);
    }

    pub fn happened(&self, tone: Tone, what: &str) {
        let time = format!("{:7.1} s", self.elapsed().as_secs_f64());
        let (time, what) = (
            self.page.paint(Tone::Dim, &time),
            self.page.paint(tone, what),
        );
        self.print(&format!("{time}  {what}\n"));
    }

    /// Lines that were laid out already.
    pub fn show(&self, lines: &str) {
        let indented = lines.lines().map(|line| match line {
            "" => "\n".to_owned(),
            line => format!("   {line}\n"),
        });
        self.print(&indented.collect::<String>());
    }

    /// The figures, at the end.
    pub fn sums_up(&self, figures: &Figures) {
        let lines = figures.lines();
        let longest = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let whole = format!("Measured, in {:.0} s", self.elapsed().as_secs_f64());
        self.print(&format!("\n{}\n", self.page.paint(Tone::Strong, &whole)));
        for (name, value) in lines {
            self.print(&format!("   {name:<longest$}  {value}\n"));
        }
    }

    /// What comes next; it is also what the story was stuck at, should it not come.
    pub fn waits_for(&self, what: &str) {
        what.clone_into(
            &mut self
                .waits_for
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.spinner.set_message(what.to_owned());
        self.spinner.reset_elapsed();
        self.spinner.enable_steady_tick(TURN);
    }

    pub fn waited_for(&self) -> String {
        let waits_for = self.waits_for.lock();
        waits_for.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Nothing is waited for any more.
    pub fn ends(&self) {
        self.spinner.finish_and_clear();
    }

    fn print(&self, text: &str) {
        self.spinner.suspend(|| {
            // Whoever closed the pipe does not want to read on; the end of the demo says so.
            let _ = match self.beside {
                true => io::stderr().lock().write_all(text.as_bytes()),
                false => io::stdout().lock().write_all(text.as_bytes()),
            };
        });
    }
}
