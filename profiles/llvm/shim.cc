/* SPDX-License-Identifier: Apache-2.0 */
/* The only C++ here: LLVM's profile reader and writer behind the table of shim.h. */
#include "profiles/llvm/shim.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "llvm/Config/llvm-config.h"
#include "llvm/ProfileData/InstrProf.h"
#include "llvm/ProfileData/InstrProfReader.h"
#include "llvm/ProfileData/InstrProfWriter.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Threading.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

/* At a time: the 4 KiB of its own are a hundred calls for a small profile. */
static constexpr size_t WRITE_BYTES = 1 << 18;

/*
 * What differs between majors, all of it: the library's version at run time,
 * the writer's parameters (those of llvm-profdata's defaults), the parts of a
 * profile beside the records, and the values of one site.
 */
#if LLVM_VERSION_MAJOR >= 17
#include "llvm-c/Core.h"

static const char *version() noexcept
{
	static char text[3 * 11];
	unsigned major, minor, patch;

	LLVMGetVersion(&major, &minor, &patch);
	snprintf(text, sizeof(text), "%u.%u.%u", major, minor, patch);
	return text;
}
#else
static const char *version() noexcept
{
	return LLVM_VERSION_STRING;
}
#endif

#if LLVM_VERSION_MAJOR >= 17
static std::unique_ptr<InstrProfWriter> new_writer(bool sparse)
{
	return std::make_unique<InstrProfWriter>(sparse, /*TemporalProfTraceReservoirSize=*/100,
						 /*MaxTemporalProfTraceLength=*/10000);
}

static void copy_traces(InstrProfReader &reader, InstrProfWriter &writer, uint64_t weight)
{
	if (!reader.hasTemporalProfile())
		return;
	auto &traces = reader.getTemporalProfTraces(weight);
	if (!traces.empty())
		writer.addTemporalProfileTraces(traces, reader.getTemporalProfTraceStreamSize());
}

static uint64_t add_trace(const struct shim_batch *b, InstrProfWriter &writer, uint64_t weight)
{
	SmallVector<TemporalProfTraceTy> traces(1);

	if (!b->nr_trace)
		return 0;
	traces[0].Weight = weight;
	traces[0].FunctionNameRefs.assign(b->trace, b->trace + b->nr_trace);
	writer.addTemporalProfileTraces(traces, /*SrcStreamSize=*/1);
	return 0;
}
#else
static std::unique_ptr<InstrProfWriter> new_writer(bool sparse)
{
	return std::make_unique<InstrProfWriter>(sparse);
}

static uint64_t add_trace(const struct shim_batch *b, InstrProfWriter &, uint64_t)
{
	return b->nr_trace;
}

static void copy_traces(InstrProfReader &, InstrProfWriter &, uint64_t) {}
#endif

#if LLVM_VERSION_MAJOR >= 16
static Error copy_binary_ids(InstrProfReader &reader, InstrProfWriter &writer)
{
	std::vector<object::BuildID> ids;

	if (Error e = reader.readBinaryIds(ids))
		return e;
	writer.addBinaryIds(ids);
	return Error::success();
}

static void add_ids(const struct shim_batch *b, InstrProfWriter &writer)
{
	std::vector<object::BuildID> ids;

	for (size_t i = 0; i < b->nr_ids; i++) {
		auto *bytes = static_cast<const uint8_t *>(b->ids[i].data);

		ids.push_back(object::BuildID(bytes, bytes + b->ids[i].len));
	}
	writer.addBinaryIds(ids);
}
#else
static void add_ids(const struct shim_batch *, InstrProfWriter &) {}

static Error copy_binary_ids(InstrProfReader &, InstrProfWriter &)
{
	return Error::success();
}
#endif

#if LLVM_VERSION_MAJOR >= 18
static NamedInstrProfRecord make_record(const struct shim_func *f, uint64_t &)
{
	return NamedInstrProfRecord(StringRef(f->name, f->name_len), f->hash,
				    std::vector<uint64_t>(f->counts, f->counts + f->nr_counts),
				    std::vector<uint8_t>(f->bitmap, f->bitmap + f->nr_bitmap));
}
#else
static NamedInstrProfRecord make_record(const struct shim_func *f, uint64_t &nr_lost)
{
	nr_lost += f->nr_bitmap != 0;
	return NamedInstrProfRecord(StringRef(f->name, f->name_len), f->hash,
				    std::vector<uint64_t>(f->counts, f->counts + f->nr_counts));
}
#endif

/* What a raw version's high bits say of the kind; the bits of InstrProfKind never changed. */
static InstrProfKind kind_of(uint64_t variant)
{
	static const struct {
		unsigned bit, kind, since;
	} bits[] = {
		{ 57, 0x8, 12 },  { 58, 0x4, 12 },  { 60, 0x10, 14 },
		{ 61, 0x20, 14 }, { 63, 0x80, 17 }, { 55, 0x100, 20 },
	};
	/* LLVM has a bit for the front end's too, which its raw reader does not set. */
	unsigned kind = variant & 1ULL << 56 ? 0x2 : 0;

	for (auto &b : bits)
		if (variant & 1ULL << b.bit && LLVM_VERSION_MAJOR >= b.since)
			kind |= b.kind;
	return static_cast<InstrProfKind>(kind);
}

#if LLVM_VERSION_MAJOR >= 19
static void add_site(InstrProfRecord &record, uint32_t kind, uint32_t site,
		     std::vector<InstrProfValueData> &values)
{
	record.addValueData(kind, site, values, nullptr);
}

static std::vector<InstrProfValueData>
site_values(const InstrProfRecord &record, uint32_t kind, uint32_t site)
{
	auto values = record.getValueArrayForSite(kind, site);

	return { values.begin(), values.end() };
}

static StringRef name_of(InstrProfSymtab &symtab, uint64_t hash)
{
	return symtab.getFuncOrVarName(hash);
}
#else
static void add_site(InstrProfRecord &record, uint32_t kind, uint32_t site,
		     std::vector<InstrProfValueData> &values)
{
	record.addValueData(kind, site, values.data(), values.size(), nullptr);
}

static std::vector<InstrProfValueData>
site_values(const InstrProfRecord &record, uint32_t kind, uint32_t site)
{
	uint32_t nr = record.getNumValueDataForSite(kind, site);
	auto values = record.getValueForSite(kind, site);

	return { values.get(), values.get() + nr };
}

static StringRef name_of(InstrProfSymtab &symtab, uint64_t hash)
{
	return symtab.getFuncName(hash);
}
#endif
/* End of what differs. */

/* No counter of a process gets here in a lifetime; LLVM 17 and later warn from it on. */
static const uint64_t implausible_count = 1ULL << 56;

struct shim_merger {
	std::vector<std::unique_ptr<InstrProfWriter>> parts;
	uint64_t nr_overflow = 0, nr_lost = 0;
};

static char *copy_string(StringRef s)
{
	char *copy = static_cast<char *>(malloc(s.size() + 1));

	if (!copy)
		abort();
	memcpy(copy, s.data(), s.size());
	copy[s.size()] = '\0';
	return copy;
}

static enum shim_code set_fault(struct shim_fault *fault, enum shim_code code, StringRef message,
				StringRef function = "")
{
	fault->code = code;
	fault->message = copy_string(message);
	fault->function = function.empty() ? nullptr : copy_string(function);
	return code;
}

static void fault_release(struct shim_fault *fault) noexcept
{
	free(fault->message);
	free(fault->function);
	*fault = {};
}

static enum shim_code code_of(instrprof_error e)
{
	switch (e) {
	case instrprof_error::unsupported_version:
	case instrprof_error::unsupported_hash_type:
		return SHIM_EVERSION;
	case instrprof_error::count_mismatch:
	case instrprof_error::hash_mismatch:
	case instrprof_error::value_site_count_mismatch:
#if LLVM_VERSION_MAJOR >= 18
	case instrprof_error::bitmap_mismatch:
#endif
		return SHIM_ECOUNTS;
	default:
		return SHIM_EFORMAT;
	}
}

/* The end of an Error. */
static enum shim_code consume(Error e, struct shim_fault *fault, StringRef function = "")
{
	enum shim_code code = SHIM_EFORMAT;
	std::string message;

	handleAllErrors(
		std::move(e),
		[&](const InstrProfError &ie) {
			code = code_of(ie.get());
			message = ie.message();
		},
		[&](const ErrorInfoBase &other) { message = other.message(); });
	return set_fault(fault, code, message, function);
}

static Expected<std::unique_ptr<InstrProfReader>> open_reader(const struct shim_input *input)
{
	return InstrProfReader::create(MemoryBuffer::getMemBuffer(
		StringRef(input->data, input->len), input->path, /*RequiresNullTerminator=*/true));
}

static enum shim_code check_record(const NamedInstrProfRecord &record, bool raw,
				   struct shim_fault *fault)
{
	if (record.Name.empty())
		return set_fault(fault, SHIM_EFORMAT, "a function is not in the table of names");
	/* LLVM's summary reads the first counter unasked. */
	if (record.Counts.empty())
		return set_fault(fault, SHIM_EFORMAT, "it has no counter", record.Name);
	if (raw)
		for (uint64_t count : record.Counts)
			if (count > implausible_count)
				return set_fault(fault, SHIM_EFORMAT,
						 "a counter is implausibly large", record.Name);
	return SHIM_OK;
}

static unsigned default_jobs(size_t nr_inputs) noexcept
{
	size_t half = (nr_inputs + 1) / 2;
	unsigned cpus = hardware_concurrency().compute_thread_count();

	return half < cpus ? static_cast<unsigned>(half) : cpus;
}

static struct shim_merger *merger_new(bool sparse, unsigned jobs) noexcept
{
	auto m = std::make_unique<shim_merger>();

	for (unsigned i = 0; i < jobs; i++)
		m->parts.push_back(new_writer(sparse));
	return m.release();
}

static void merger_free(struct shim_merger *m) noexcept
{
	delete m;
}

/*
 * What a writer warns of. A counter that stops at its limit is counted; the
 * first of all else is the fault, which must be clear before.
 */
static void take_warning(struct shim_merger *m, Error e, struct shim_fault *fault,
			 StringRef function = "")
{
	e = handleErrors(std::move(e), [&](std::unique_ptr<InstrProfError> ie) -> Error {
		if (ie->get() != instrprof_error::counter_overflow)
			return Error(std::move(ie));
		m->nr_overflow++;
		return Error::success();
	});
	if (e && fault->code == SHIM_OK)
		consume(std::move(e), fault, function);
	else
		consumeError(std::move(e));
}

static enum shim_code
add_record(struct shim_merger *m, InstrProfWriter &writer, NamedInstrProfRecord &&record,
	   uint64_t weight, struct shim_fault *fault)
{
	StringRef name = record.Name;

	writer.addRecord(std::move(record), weight,
			 [&](Error e) { take_warning(m, std::move(e), fault, name); });
	return fault->code;
}

static enum shim_code
merger_add(struct shim_merger *m, unsigned part, const struct shim_input *input, uint64_t weight,
	   struct shim_fault *fault) noexcept
{
	InstrProfWriter &writer = *m->parts[part];
	auto opened = open_reader(input);
	enum shim_code code;

	if (Error e = opened.takeError())
		return consume(std::move(e), fault);
	InstrProfReader &reader = **opened;

	/* The first part's kind is that of the output: it hears of every input. */
	if (Error e = m->parts[0]->mergeProfileKind(reader.getProfileKind())) {
		consume(std::move(e), fault);
		return fault->code = SHIM_EKIND;
	}
	for (auto &record : reader) {
		code = check_record(record, input->raw, fault);
		if (code == SHIM_OK)
			code = add_record(m, writer, std::move(record), weight, fault);
		if (code != SHIM_OK)
			return code;
	}
	copy_traces(reader, writer, weight);
	if (reader.hasError())
		return consume(reader.getError(), fault);
	if (Error e = copy_binary_ids(reader, writer))
		return consume(std::move(e), fault);
	return SHIM_OK;
}

/* The sites of f, whose values are already what their addresses mean. */
static uint64_t add_sites(NamedInstrProfRecord &record, const struct shim_func *f)
{
	const uint8_t *nr_values = f->site_counts;
	const struct shim_value *v = f->values;
	std::vector<InstrProfValueData> values;
	uint64_t nr_lost = 0;

	for (uint32_t kind = 0; kind < SHIM_NR_KINDS; kind++) {
		bool fits = kind <= IPVK_Last;

		if (fits && f->nr_sites[kind])
			record.reserveSites(kind, f->nr_sites[kind]);
		for (uint32_t site = 0; site < f->nr_sites[kind]; site++) {
			values.clear();
			for (unsigned n = *nr_values++; n; n--, v++)
				values.push_back({ v->value, v->count });
			if (fits)
				add_site(record, kind, site, values);
			else
				nr_lost += values.size();
		}
	}
	return nr_lost;
}

static enum shim_code
merger_add_batch(struct shim_merger *m, unsigned part, const struct shim_batch *batch,
		 uint64_t weight, struct shim_fault *fault) noexcept
{
	InstrProfWriter &writer = *m->parts[part];

	if (Error e = m->parts[0]->mergeProfileKind(kind_of(batch->variant))) {
		consume(std::move(e), fault);
		return fault->code = SHIM_EKIND;
	}
	for (size_t i = 0; i < batch->nr_funcs; i++) {
		NamedInstrProfRecord record = make_record(&batch->funcs[i], m->nr_lost);

		m->nr_lost += add_sites(record, &batch->funcs[i]);
		if (add_record(m, writer, std::move(record), weight, fault) != SHIM_OK)
			return fault->code;
	}
	m->nr_lost += add_trace(batch, writer, weight);
	add_ids(batch, writer);
	return SHIM_OK;
}

static enum shim_code join_parts(struct shim_merger *m, size_t into, size_t from,
				 struct shim_fault *fault)
{
	m->parts[into]->mergeRecordsFromWriter(std::move(*m->parts[from]), [&](Error e) {
		take_warning(m, std::move(e), fault);
	});
	m->parts[from].reset();
	return fault->code;
}

/* The upper half into the lower, an odd one out into the first, until one is left. */
static enum shim_code join(struct shim_merger *m, struct shim_fault *fault)
{
	enum shim_code code = SHIM_OK;

	for (size_t end = m->parts.size(), mid = end / 2; mid > 0; end = mid, mid /= 2) {
		for (size_t i = 0; i < mid && code == SHIM_OK; i++)
			code = join_parts(m, i, i + mid, fault);
		if (code == SHIM_OK && end % 2)
			code = join_parts(m, 0, end - 1, fault);
		if (code != SHIM_OK)
			return code;
	}
	return SHIM_OK;
}

static void add_totals(InstrProfWriter &writer, struct shim_totals *t)
{
	for (auto &by_name : writer.getProfileData()) {
		for (auto &by_hash : by_name.getValue()) {
			t->nr_functions++;
			t->nr_counters += by_hash.second.Counts.size();
			for (uint64_t count : by_hash.second.Counts) {
				t->total_count = SaturatingAdd(t->total_count, count);
				t->max_count = std::max(t->max_count, count);
			}
		}
	}
}

static enum shim_code merger_write(struct shim_merger *m, int fd, bool text,
				   struct shim_totals *totals, struct shim_fault *fault) noexcept
{
	enum shim_code code = join(m, fault);

	if (code != SHIM_OK)
		return code;
	InstrProfWriter &writer = *m->parts[0];
	*totals = {};
	totals->nr_overflow = m->nr_overflow;
	totals->nr_lost = m->nr_lost;
	add_totals(writer, totals);

	raw_fd_ostream out(fd, /*shouldClose=*/false);
	out.SetBufferSize(WRITE_BYTES);
	Error e = text ? writer.writeText(out) : writer.write(out);
	out.flush();
	if (out.has_error()) {
		fault->errnum = out.error().value();
		code = set_fault(fault, SHIM_EIO, out.error().message());
		out.clear_error();
		consumeError(std::move(e));
		return code;
	}
	return e ? consume(std::move(e), fault) : SHIM_OK;
}

static void read_site(const NamedInstrProfRecord &from, uint32_t kind, uint32_t site,
		      InstrProfSymtab &symtab, std::vector<struct shim_site_value> &values)
{
	std::vector<InstrProfValueData> all = site_values(from, kind, site);

	std::sort(all.begin(), all.end(),
		  [](const InstrProfValueData &a, const InstrProfValueData &b) {
			  return a.Value < b.Value;
		  });
	for (const InstrProfValueData &v : all) {
		StringRef name = kind == IPVK_MemOPSize ? "" : name_of(symtab, v.Value);

		values.push_back({ kind, site, v.Value, v.Count, name.data(), name.size() });
	}
}

static void hand_over(const NamedInstrProfRecord &from, InstrProfSymtab &symtab, shim_record_fn fn,
		      void *arg)
{
	std::vector<struct shim_site_value> values;
	struct shim_record r = {};

	r.name = from.Name.data();
	r.name_len = from.Name.size();
	r.hash = from.Hash;
	r.counts = from.Counts.data();
	r.nr_counts = from.Counts.size();
	r.cs = NamedInstrProfRecord::hasCSFlagInHash(from.Hash);
	for (uint32_t kind = IPVK_First; kind <= IPVK_Last; kind++) {
		uint32_t nr_sites = from.getNumValueSites(kind);

		r.nr_value_sites += nr_sites;
		for (uint32_t site = 0; site < nr_sites; site++)
			read_site(from, kind, site, symtab, values);
	}
	for (const struct shim_site_value &v : values)
		r.value_total = SaturatingAdd(r.value_total, v.count);
	r.values = values.data();
	r.nr_values = values.size();
	fn(&r, arg);
}

static enum shim_code read_all(const struct shim_input *input, shim_record_fn fn, void *arg,
			       struct shim_fault *fault) noexcept
{
	auto opened = open_reader(input);

	if (Error e = opened.takeError())
		return consume(std::move(e), fault);
	InstrProfReader &reader = **opened;
	for (auto &record : reader) {
		enum shim_code code = check_record(record, input->raw, fault);

		if (code != SHIM_OK)
			return code;
		hand_over(record, reader.getSymtab(), fn, arg);
	}
	return reader.hasError() ? consume(reader.getError(), fault) : SHIM_OK;
}

extern "C" __attribute__((visibility("default"))) const struct shim_api *pgo_llvm_shim(void);
const struct shim_api *pgo_llvm_shim(void)
{
	static const struct shim_api api = {
		SHIM_ABI,
		LLVM_VERSION_MAJOR,
		INSTR_PROF_RAW_VERSION,
		INSTR_PROF_INDEX_VERSION,
		version,
		default_jobs,
		merger_new,
		merger_free,
		merger_add,
		merger_add_batch,
		merger_write,
		read_all,
		fault_release,
	};

	return &api;
}
