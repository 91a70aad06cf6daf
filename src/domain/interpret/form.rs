//! What a word can be by its form alone: a version, a name, a time, a placeholder, or something
//! that has no place in a command.

/// The form of one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Letters, digits, dots, dashes and underscores: a name, a branch or a word of the language.
    Name,
    /// Unmistakably a version: `v1.4.2`, `1.22`, `2024.10.1-rc.1`, `v3`, a commit.
    Version,
    /// With slashes: a branch, or `owner/name`.
    Path,
    /// `name@reference`, `name:reference` or `name#reference`; the index of the mark.
    Pinned(usize),
    /// `key=value`; the index of the mark.
    Pair(usize),
    /// `--force`, `--env=staging`, `-f`.
    Flag,
    /// `@somebody`
    Mention,
    /// `#ops`, `#423`
    Hash,
    Number,
    /// `10%`, `>5%`
    Percent,
    /// `2am`, `14:00`
    Clock,
    /// `30m`, `2h`
    Duration,
    /// `<service>`, `{env}`, `$VERSION`: a text that was to be filled in.
    Placeholder,
    Address,
    /// Letters outside ASCII.
    Foreign,
    /// Emoji and other signs without meaning here.
    Decoration,
    /// Characters of shells, globs, ranges and path tricks.
    Hostile,
}

pub(super) fn form(word: &str) -> Form {
    let bytes = word.as_bytes();
    if !word.is_ascii() {
        return if word.chars().any(char::is_alphanumeric) {
            Form::Foreign
        } else {
            Form::Decoration
        };
    }
    if is_placeholder(word) {
        return Form::Placeholder;
    }
    match bytes[0] {
        b'-' => return flag(word),
        b'@' if is_plain(&word[1..]) => return Form::Mention,
        b'#' if is_plain(&word[1..]) => return Form::Hash,
        b'<' | b'>' if is_bound(word) => return Form::Percent,
        _ => {}
    }
    if word.contains("://") {
        return Form::Address;
    }
    if let Some(at) = word.find('=') {
        let fits = is_plain(&word[..at]) && (at + 1 == word.len() || is_value(&word[at + 1..]));
        return if fits { Form::Pair(at) } else { Form::Hostile };
    }
    numeric(word).unwrap_or_else(|| named(word))
}

fn numeric(word: &str) -> Option<Form> {
    if !word.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    if word.bytes().all(|b| b.is_ascii_digit()) {
        // A number of seven digits and more is also a short commit; only its place can tell.
        return Some(Form::Number);
    }
    if word.strip_suffix('%').is_some_and(is_decimal) {
        return Some(Form::Percent);
    }
    if is_clock(word) {
        return Some(Form::Clock);
    }
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let units = [
        "s", "sec", "secs", "m", "min", "mins", "h", "hr", "hrs", "d",
    ];
    units.contains(&&word[digits..]).then_some(Form::Duration)
}

fn named(word: &str) -> Form {
    if is_version(word) || is_commit(word) {
        return Form::Version;
    }
    // `shop#main`; a branch may have the sign in its path: `feature/login#3`.
    let bot = word
        .find('#')
        .filter(|at| !word[..*at].contains('/') && !word[at + 1..].contains('#'));
    if let Some(at) = bot.filter(|at| is_image_form(&word[..*at]) && is_reference(&word[at + 1..]))
    {
        return Form::Pinned(at);
    }
    if let Some(at) = word.find(['@', ':']) {
        let fits = is_image_form(&word[..at]) && is_reference(&word[at + 1..]);
        return if fits {
            Form::Pinned(at)
        } else {
            Form::Hostile
        };
    }
    if !is_reference(word) {
        return Form::Hostile;
    }
    if word.contains('/') {
        Form::Path
    } else {
        Form::Name
    }
}

fn flag(word: &str) -> Form {
    let body = word.trim_start_matches('-');
    let (key, value) = body.split_once('=').unwrap_or((body, ""));
    let fits = word.len() - body.len() <= 2
        && is_plain(key)
        && (value.is_empty() || is_value(value))
        && !key.starts_with(|c: char| c.is_ascii_digit());
    if fits { Form::Flag } else { Form::Hostile }
}

fn is_placeholder(word: &str) -> bool {
    let enclosed = [
        ("<", ">"),
        ("{{", "}}"),
        ("{", "}"),
        ("[", "]"),
        ("${", "}"),
    ]
    .iter()
    .any(|(open, close)| {
        word.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(|inner| !inner.is_empty() && inner.bytes().all(is_word_byte))
    });
    let variable = word
        .strip_prefix('$')
        .is_some_and(|name| !name.is_empty() && name.bytes().all(is_word_byte));
    enclosed || variable
}

fn is_word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_word_byte)
}

fn is_value(text: &str) -> bool {
    matches!(
        form(text),
        Form::Name
            | Form::Version
            | Form::Path
            | Form::Pinned(_)
            | Form::Number
            | Form::Percent
            | Form::Duration
    )
}

/// `>5%`, `>=1.5x`, `<200ms`: the bound of a condition.
fn is_bound(word: &str) -> bool {
    let number = word[1..].strip_prefix('=').unwrap_or(&word[1..]);
    let unit = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    number.len() > unit.len() && matches!(unit, "" | "%" | "x" | "ms" | "s")
}

fn is_decimal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn is_clock(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let half = lower
        .strip_suffix("am")
        .or_else(|| lower.strip_suffix("pm"));
    let time = half.unwrap_or(&lower);
    let two = |part: &str, below: u32| {
        (1..=2).contains(&part.len()) && part.parse::<u32>().is_ok_and(|n| n < below)
    };
    match time.split_once(':') {
        Some((hours, minutes)) => two(hours, 25) && minutes.len() == 2 && two(minutes, 60),
        None => half.is_some() && two(time, 25),
    }
}

/// `v3`, `1.22`, `v1.4.2-rc.1+build`, `v.1.4`, `2024.10.1`, `2024-10-01`.
fn is_version(word: &str) -> bool {
    let body = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let body = match body.strip_prefix('.') {
        Some(numbers) if body.len() < word.len() => numbers,
        _ => body,
    };
    let marked = body.len() < word.len();
    let numbers = body.split(['-', '+', '_']).next().unwrap_or(body);
    let mut parts = numbers.split('.');
    let dots = numbers.matches('.').count();
    let numeric = parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let dated = body.len() == 10
        && body
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        && body.matches('-').count() == 2;
    (numeric && (marked || dots > 0) && is_reference(word)) || dated
}

/// Seven to forty hexadecimal digits with a digit among them, or forty of any kind.
fn is_commit(word: &str) -> bool {
    let hex = word
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    hex && (word.len() == 40
        || ((7..=40).contains(&word.len())
            && word.bytes().any(|b| b.is_ascii_digit())
            && word.bytes().any(|b| b.is_ascii_lowercase())))
}

/// A well-formed branch, tag or commit: the rules of `git check-ref-format`, less all characters
/// that a shell, a glob or a revision range knows, at most 200 bytes.
pub(super) fn is_reference(text: &str) -> bool {
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b'+' | b'#');
    (1..=200).contains(&text.len())
        && text.bytes().all(allowed)
        && !text.contains("..")
        && !text.contains("//")
        && !text.ends_with(['.', '/'])
        && text.split('/').all(|part| {
            !part.is_empty() && !part.starts_with(['.', '-', '+', '#']) && !part.ends_with(".lock")
        })
}

/// A service as it may be named where no catalogue says what there is.
pub(super) fn is_service_form(text: &str) -> bool {
    let ordinal = ["st", "nd", "rd", "th"].iter().any(|end| {
        text.strip_suffix(end)
            .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
    });
    is_reference(text)
        && !ordinal
        && text.bytes().any(|b| b.is_ascii_alphabetic())
        && !text.contains(['+', '#'])
        && text.matches('/').count() <= 1
}

/// The last part of the address of a repository: `https://git.example/acme/shop.git` is `shop`. An
/// address that says who asks, or more than a host, an owner and a name, is none.
pub(super) fn repository_name(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let mut parts = rest.splitn(3, '/');
    let (host, owner, name) = (parts.next()?, parts.next()?, parts.next()?);
    let name = name.strip_suffix(".git").unwrap_or(name);
    let web = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
    // A port, but nobody's name and password.
    let (host, port) = host.split_once(':').unwrap_or((host, "0"));
    let fits = web
        && is_plain(host)
        && host.contains('.')
        && !port.is_empty()
        && port.bytes().all(|b| b.is_ascii_digit())
        && is_reference(owner)
        && is_plain(name)
        && is_service_form(name);
    fits.then_some(name)
}

/// A service, or an image with the host of its registry: `registry.example/acme/shop`.
fn is_image_form(text: &str) -> bool {
    is_service_form(without_registry(text).unwrap_or(text))
}

/// The name of an image behind the host of its registry.
pub(super) fn without_registry(text: &str) -> Option<&str> {
    let (host, name) = text.split_once('/')?;
    (host.contains('.') && is_reference(host)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_names_and_paths_are_told_apart() {
        for version in [
            "v1.4.2",
            "1.22",
            "v3",
            "2024.10.1",
            "2024-10-01",
            "v1.2.0-rc.1",
            "1.0.0+build.5",
            "4f2a91c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6",
            "4f2a91c",
        ] {
            assert_eq!(form(version), Form::Version, "{version}");
        }
        for name in [
            "main",
            "shop",
            "edge-proxy",
            "worker-v3",
            "sprint42",
            "facade",
        ] {
            assert_eq!(form(name), Form::Name, "{name}");
        }
        for path in ["feature/login", "acme/mailer", "release/1.2"] {
            assert_eq!(form(path), Form::Path, "{path}");
        }
        assert_eq!(form("shop@v1.2"), Form::Pinned(4));
        assert_eq!(form("shop:1.2"), Form::Pinned(4));
        assert_eq!(form("shop#main"), Form::Pinned(4));
        assert_eq!(form("feature/login#3"), Form::Path);
        assert_eq!(form("#423"), Form::Hash);
        assert_eq!(form("env=prod"), Form::Pair(3));
        assert_eq!(form("2am"), Form::Clock);
        assert_eq!(form("14:00"), Form::Clock);
        assert_eq!(form("30m"), Form::Duration);
        assert_eq!(form("<service>"), Form::Placeholder);
    }

    #[test]
    fn the_address_of_a_repository_ends_in_its_name() {
        for address in [
            "https://git.example/acme/shop",
            "https://git.example/acme/shop.git",
            "http://git.example:8080/acme/shop/",
        ] {
            assert_eq!(repository_name(address), Some("shop"), "{address}");
        }
        for address in [
            "https://git.example/shop",
            "https://git.example/acme/shop/tree/main",
            "https://git.example/acme/shop?ref=main",
            "https://git.example/acme/shop#readme",
            "https://ann:pass@git.example/acme/shop",
            "https://ann@git.example/acme/shop",
            "https://git.example/../shop",
            "https://git.example/acme/..",
            "https://localhost/acme/shop",
            "file://git.example/acme/shop",
        ] {
            assert_eq!(repository_name(address), None, "{address}");
        }
    }

    #[test]
    fn hc_63_hostile_words_are_no_reference() {
        for word in [
            "$(id)",
            "`id`",
            "../../etc/passwd",
            "/etc/passwd",
            "HEAD@{1}",
            "a..b",
            "HEAD~1",
            "main^",
            "a;b",
            "a|b",
            "a&b",
            "feature/*",
            "--upload-pack=touch /tmp/x",
            "--upload-pack=$(id)",
            "---x",
            "a\\b",
            "refs/heads/x.lock",
            "a//b",
            "shop@-x",
            "/",
            "~",
        ] {
            assert_eq!(form(word), Form::Hostile, "{word}");
        }
    }
}
