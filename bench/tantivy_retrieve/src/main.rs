//! The peer of retrieve_bench: Tantivy in one process and one thread, the same memories and the same terms.
//!
//!   tantivy_retrieve TEXTS QUESTIONS
//!
//! TEXTS has lines `agent<TAB>text`, QUESTIONS lines `agent<TAB>term term ...` with terms as the analysis left them
//! (folded, stemmed, without stop words); retrieve_bench writes both. All agents share one index, merged into one
//! segment, and a question is restricted to its agent by a term, as one does it with Tantivy. There are two ways to say
//! so; both are measured. So are two orders of documents: as they arrive, and sorted by agent, which is the best that
//! Tantivy can have and what no service that takes writes has. The texts of the ten best are fetched. Prints one JSON
//! object a line.
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::time::Instant;

use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, Query, TermQuery};
use tantivy::schema::{
    Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions, Value, STORED,
};
use tantivy::{doc, Index, IndexWriter, Searcher, TantivyDocument, Term};

const LIMIT: usize = 10;
/// A question of the first order may take milliseconds.
const QUESTIONS_AS_THEY_ARRIVE: usize = 2000;

struct Fields {
    agent: Field,
    text: Field,
}

struct Question {
    agent: String,
    terms: Vec<String>,
}

/// Lines of two columns.
fn rows(path: &str) -> Vec<(String, String)> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    BufReader::new(file)
        .lines()
        .map(|line| {
            let line = line.expect("a line of UTF-8");
            let (agent, rest) = line.split_once('\t').expect("two columns");
            (agent.to_string(), rest.to_string())
        })
        .collect()
}

/// Everything in one segment: the best that Tantivy can have.
fn build(texts: &[(String, String)], directory: &str) -> tantivy::Result<(Index, Fields)> {
    let mut schema = Schema::builder();
    let raw = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    let stemmed = TextFieldIndexing::default()
        .set_tokenizer("en_stem")
        .set_index_option(IndexRecordOption::WithFreqs);
    let fields = Fields {
        agent: schema.add_text_field("agent", TextOptions::default().set_indexing_options(raw)),
        text: schema.add_text_field(
            "text",
            TextOptions::default().set_indexing_options(stemmed) | STORED,
        ),
    };
    let index = Index::create_in_dir(directory, schema.build())?;
    let mut writer: IndexWriter = index.writer_with_num_threads(2, 256 << 20)?;
    for (agent, text) in texts {
        writer.add_document(doc!(fields.agent => agent.as_str(), fields.text => text.as_str()))?;
    }
    writer.commit()?;
    writer.wait_merging_threads()?;
    let mut writer: IndexWriter = index.writer_with_num_threads(1, 64 << 20)?;
    let segments = index.searchable_segment_ids()?;
    if segments.len() > 1 {
        writer.merge(&segments).wait()?;
    }
    writer.wait_merging_threads()?;
    Ok((index, fields))
}

fn query(fields: &Fields, question: &Question, match_needs_term: bool) -> BooleanQuery {
    let agent: Box<dyn Query> = Box::new(ConstScoreQuery::new(
        Box::new(TermQuery::new(
            Term::from_field_text(fields.agent, &question.agent),
            IndexRecordOption::Basic,
        )),
        0.0,
    ));
    let terms = question.terms.iter().map(|term| {
        let term = Term::from_field_text(fields.text, term);
        let query: Box<dyn Query> = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
        (Occur::Should, query)
    });
    let mut clauses = vec![(Occur::Must, agent)];
    if match_needs_term {
        clauses.push((Occur::Must, Box::new(BooleanQuery::new(terms.collect()))));
    } else {
        clauses.extend(terms);
    }
    BooleanQuery::new(clauses)
}

/// How many came back, and how many bytes of text.
fn ask(searcher: &Searcher, fields: &Fields, query: &dyn Query) -> tantivy::Result<(usize, usize)> {
    let found = searcher.search(query, &TopDocs::with_limit(LIMIT))?;
    let mut bytes = 0;
    for (_, address) in &found {
        let document: TantivyDocument = searcher.doc(*address)?;
        bytes += document
            .get_first(fields.text)
            .and_then(|text| text.as_str())
            .map_or(0, str::len);
    }
    Ok((found.len(), bytes))
}

/// CPU time of this thread: other work on the machine is not in it.
fn cpu_nanos() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is a valid timespec that the call fills.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

fn percentile(sorted: &[u64], p: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * p) as usize] as f64 / 1e3
}

fn measure(
    what: &str,
    searcher: &Searcher,
    fields: &Fields,
    questions: &[Question],
    needs_term: bool,
) {
    let mut nanos = Vec::with_capacity(questions.len());
    let mut cpu = Vec::with_capacity(questions.len());
    let (mut hits, mut text_bytes) = (0, 0);
    for question in questions {
        let start = Instant::now();
        let cpu_start = cpu_nanos();
        let query = query(fields, question, needs_term);
        let (found, bytes) = ask(searcher, fields, &query).expect("an answer");
        cpu.push(cpu_nanos() - cpu_start);
        nanos.push(start.elapsed().as_nanos() as u64);
        hits += found;
        text_bytes += bytes;
    }
    nanos.sort_unstable();
    cpu.sort_unstable();
    println!(
        "{{\"peer\":\"tantivy\",\"what\":\"{what}\",\"questions\":{},\"hits\":{:.1},\"text_bytes\":{:.0},\
         \"p50_us\":{:.1},\"p99_us\":{:.1},\"cpu_p50_us\":{:.1},\"cpu_p99_us\":{:.1}}}",
        questions.len(),
        hits as f64 / questions.len() as f64,
        text_bytes as f64 / questions.len() as f64,
        percentile(&nanos, 0.5),
        percentile(&nanos, 0.99),
        percentile(&cpu, 0.5),
        percentile(&cpu, 0.99)
    );
}

fn run(
    order: &str,
    texts: &[(String, String)],
    questions: &[Question],
    directory: &str,
) -> tantivy::Result<()> {
    let _ = fs::remove_dir_all(directory);
    fs::create_dir(directory).expect("a directory for the index");
    let (index, fields) = build(texts, directory)?;
    let searcher = index.reader()?.searcher();
    for round in ["warming up", "measured"] {
        for (name, needs_term) in [
            ("agent and any term", true),
            ("agent, terms optional", false),
        ] {
            measure(
                &format!("{round}: {order}: {name}"),
                &searcher,
                &fields,
                questions,
                needs_term,
            );
        }
    }
    fs::remove_dir_all(directory).expect("the index removed");
    Ok(())
}

fn main() -> tantivy::Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [texts, questions] = paths.as_slice() else {
        eprintln!("usage: tantivy_retrieve TEXTS QUESTIONS");
        std::process::exit(2);
    };
    let directory = format!("{texts}.tantivy");
    let mut texts = rows(texts);
    let questions: Vec<Question> = rows(questions)
        .into_iter()
        .map(|(agent, terms)| Question {
            agent,
            terms: terms.split(' ').map(str::to_string).collect(),
        })
        .collect();
    let some = &questions[..questions.len().min(QUESTIONS_AS_THEY_ARRIVE)];
    run("as they arrive", &texts, some, &directory)?;
    texts.sort_by(|a, b| a.0.cmp(&b.0));
    run("sorted by agent", &texts, &questions, &directory)
}
