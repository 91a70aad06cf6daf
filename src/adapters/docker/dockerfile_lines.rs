//! The text of a Dockerfile as instructions: continued lines joined, comments left out, heredoc
//! bodies skipped, the parser directives at the top read.

/// A Dockerfile in pieces.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The `# syntax=` directive, with its line.
    pub syntax: Option<(usize, String)>,
    pub instructions: Vec<Instruction>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Where it begins, counted from 1.
    pub line: usize,
    /// In capital letters.
    pub name: String,
    /// The whole instruction on one line.
    pub text: String,
    pub has_heredoc: bool,
}

impl Instruction {
    fn words(&self) -> impl Iterator<Item = &str> {
        self.text.split_whitespace().skip(1)
    }

    /// The options right behind the name: `--from=builder`.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        self.words().take_while(|word| word.starts_with("--"))
    }

    /// The words behind the options.
    pub fn arguments(&self) -> Vec<&str> {
        self.words()
            .skip_while(|word| word.starts_with("--"))
            .collect()
    }
}

pub(super) fn instructions(text: &str) -> Lines {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let directives = directives(text);
    let mut lines = Lines {
        syntax: directives.syntax,
        instructions: Vec::new(),
    };
    let mut rest = text.lines().enumerate();
    while let Some((number, line)) = rest.next() {
        if is_left_out(line) {
            continue;
        }
        let mut joined = String::new();
        let mut current = Some(line);
        while let Some(line) = current {
            let (part, continues) = match line.trim_end().strip_suffix(directives.escape) {
                Some(part) => (part, true),
                None => (line, false),
            };
            joined.push_str(part);
            current = match continues {
                true => rest
                    .find(|(_, line)| !is_left_out(line))
                    .map(|(_, line)| line),
                false => None,
            };
        }
        let instruction = instruction(number + 1, joined.trim());
        for delimiter in heredocs(&instruction) {
            // The body belongs to the instruction; it is not read as instructions.
            rest.find(|(_, line)| line.trim_start_matches('\t') == delimiter);
        }
        lines.instructions.push(instruction);
    }
    lines
}

fn instruction(line: usize, text: &str) -> Instruction {
    let mut instruction = Instruction {
        line,
        name: text
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_uppercase(),
        text: text.to_owned(),
        has_heredoc: false,
    };
    instruction.has_heredoc = !heredocs(&instruction).is_empty();
    instruction
}

/// Empty lines and comments are left out, between the parts of a continued line as well.
fn is_left_out(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

struct Directives {
    syntax: Option<(usize, String)>,
    escape: char,
}

/// `# name=value` lines count as directives only before anything else, ordinary comments and
/// empty lines included.
fn directives(text: &str) -> Directives {
    let mut found = Directives {
        syntax: None,
        escape: '\\',
    };
    for (number, line) in text.lines().enumerate() {
        let pair = line
            .trim()
            .strip_prefix('#')
            .and_then(|l| l.split_once('='));
        match pair.map(|(name, value)| (name.trim().to_lowercase(), value.trim())) {
            Some((name, _)) if name == "syntax" => {
                found.syntax = Some((number + 1, line.trim().to_owned()));
            }
            Some((name, "`")) if name == "escape" => found.escape = '`',
            Some((name, _)) if name == "escape" || name == "check" => {}
            _ => break,
        }
    }
    found
}

/// The delimiters of the heredocs that an instruction opens: `<<EOF`, `<<-EOF`, `<<"EOF"`.
/// `<<<` is a here-string of the shell, and a shift (`1<<2`) names a number.
fn heredocs(instruction: &Instruction) -> Vec<String> {
    if !matches!(instruction.name.as_str(), "RUN" | "COPY" | "ADD") {
        return Vec::new();
    }
    instruction
        .words()
        .filter_map(|word| {
            let word = word.trim_start_matches(|c: char| c.is_ascii_digit());
            let word = word.strip_prefix("<<")?;
            let word = word.strip_prefix('-').unwrap_or(word);
            let delimiter = word.trim_matches(['"', '\'']);
            let is_name = delimiter
                .bytes()
                .next()
                .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
            let all = delimiter
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_');
            (is_name && all).then(|| delimiter.to_owned())
        })
        .collect()
}
