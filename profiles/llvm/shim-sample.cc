/* SPDX-License-Identifier: Apache-2.0 */
/* LLVM's reader and writer of sampled profiles behind the second table of shim.h. */
#include "profiles/llvm/shim.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "llvm/Config/llvm-config.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/ProfileData/SampleProf.h"
#include "llvm/ProfileData/SampleProfReader.h"
#include "llvm/ProfileData/SampleProfWriter.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#if LLVM_VERSION_MAJOR >= 18
#include "llvm/Support/VirtualFileSystem.h"
#endif

using namespace llvm;
using namespace sampleprof;

struct shim_sampler {
	LLVMContext context;
	SampleProfileMap profiles;
	std::vector<std::unique_ptr<SampleProfileReader>> readers; /* they hold the names */
	ProfileSymbolList symbols;
	bool any = false, probes = false, contexts = false;
	uint64_t nr_overflow = 0;
	std::string message; /* the last that LLVM had to say */
};

/* What differs between majors. */
#if LLVM_VERSION_MAJOR >= 18
static ErrorOr<std::unique_ptr<SampleProfileReader>>
open_reader(std::unique_ptr<MemoryBuffer> &buffer, LLVMContext &context)
{
	auto fs = vfs::getRealFileSystem();

	return SampleProfileReader::create(buffer, context, *fs, PassLast);
}
#else
static ErrorOr<std::unique_ptr<SampleProfileReader>>
open_reader(std::unique_ptr<MemoryBuffer> &buffer, LLVMContext &context)
{
	return SampleProfileReader::create(buffer, context, PassLast);
}
#endif

#if LLVM_VERSION_MAJOR >= 15
static bool has_contexts()
{
	return FunctionSamples::ProfileIsCS;
}

static void reset_globals()
{
	FunctionSamples::ProfileIsCS = false;
	FunctionSamples::ProfileIsPreInlined = false;
}
#else
static bool has_contexts()
{
	return FunctionSamples::ProfileIsCSFlat;
}

static void reset_globals()
{
	FunctionSamples::ProfileIsCSFlat = false;
	FunctionSamples::ProfileIsCSNested = false;
}
#endif
/* End of what differs. */

static char *copy_string(StringRef s)
{
	char *copy = static_cast<char *>(malloc(s.size() + 1));

	if (!copy)
		abort();
	memcpy(copy, s.data(), s.size());
	copy[s.size()] = '\0';
	return copy;
}

static enum shim_code set_fault(struct shim_fault *fault, enum shim_code code, StringRef message)
{
	fault->code = code;
	fault->message = copy_string(message);
	fault->function = nullptr;
	return code;
}

static void fault_release(struct shim_fault *fault) noexcept
{
	free(fault->message);
	free(fault->function);
	*fault = {};
}

static enum shim_code fault_of(struct shim_sampler *s, std::error_code ec, struct shim_fault *fault)
{
	enum shim_code code =
		ec == sampleprof_error::unsupported_version ? SHIM_EVERSION : SHIM_EFORMAT;

	return set_fault(fault, code, s->message.empty() ? ec.message() : s->message);
}

/* Without a handler LLVM prints, and ends the program. */
static void take_diagnostic(const DiagnosticInfo *info, void *arg)
{
	struct shim_sampler *s = static_cast<struct shim_sampler *>(arg);
	raw_string_ostream out(s->message = "");
	DiagnosticPrinterRawOStream printer(out);

	info->print(printer);
	out.flush();
}

#if LLVM_VERSION_MAJOR >= 19
static void on_diagnostic(const DiagnosticInfo *info, void *arg)
{
	take_diagnostic(info, arg);
}
#else
static void on_diagnostic(const DiagnosticInfo &info, void *arg)
{
	take_diagnostic(&info, arg);
}
#endif

static struct shim_sampler *sampler_new() noexcept
{
	auto s = std::make_unique<shim_sampler>();

	s->context.setDiagnosticHandlerCallBack(on_diagnostic, s.get());
	reset_globals();
	FunctionSamples::ProfileIsProbeBased = false;
	FunctionSamples::UseMD5 = false;
	FunctionSamples::HasUniqSuffix = true;
	FunctionSamples::ProfileIsFS = false;
	return s.release();
}

static void sampler_free(struct shim_sampler *s) noexcept
{
	delete s;
}

static enum shim_code check_kind(struct shim_sampler *s, struct shim_fault *fault)
{
	if (s->any && s->probes != FunctionSamples::ProfileIsProbeBased)
		return set_fault(fault, SHIM_EKIND, "pseudo-probes and line numbers do not mix");
	if (s->any && s->contexts != has_contexts())
		return set_fault(fault, SHIM_EKIND,
				 "a context-sensitive profile and a plain one do not mix");
	s->any = true;
	s->probes = FunctionSamples::ProfileIsProbeBased;
	s->contexts = has_contexts();
	return SHIM_OK;
}

static enum shim_code sampler_add(struct shim_sampler *s, const struct shim_input *input,
				  uint64_t weight, struct shim_fault *fault) noexcept
{
	auto buffer = MemoryBuffer::getMemBuffer(StringRef(input->data, input->len), input->path,
						 /*RequiresNullTerminator=*/true);
	s->message.clear();
	auto opened = open_reader(buffer, s->context);

	if (std::error_code ec = opened.getError())
		return fault_of(s, ec, fault);
	s->readers.push_back(std::move(*opened));
	SampleProfileReader &reader = *s->readers.back();

	std::error_code ec = reader.read();
	if (ec && ec != sampleprof_error::counter_overflow)
		return fault_of(s, ec, fault);
	enum shim_code code = check_kind(s, fault);
	if (code != SHIM_OK)
		return code;
	for (auto &entry : reader.getProfiles()) {
		FunctionSamples &samples = entry.second;

		if (s->profiles[samples.getContext()].merge(samples, weight) !=
		    sampleprof_error::success)
			s->nr_overflow++;
	}
	if (auto list = reader.getProfileSymbolList())
		s->symbols.merge(*list);
	return SHIM_OK;
}

static void add_totals(const FunctionSamples &samples, struct shim_totals *t)
{
	for (const auto &line : samples.getBodySamples()) {
		uint64_t count = line.second.getSamples();

		t->nr_counters++;
		t->total_count = SaturatingAdd(t->total_count, count);
		t->max_count = std::max(t->max_count, count);
	}
	for (const auto &site : samples.getCallsiteSamples())
		for (const auto &callee : site.second)
			add_totals(callee.second, t);
}

static SampleProfileFormat format_of(enum shim_sample_form form)
{
	switch (form) {
	case SHIM_SAMPLE_TEXT:
		return SPF_Text;
	case SHIM_SAMPLE_BINARY:
		return SPF_Binary;
	default:
		return SPF_Ext_Binary;
	}
}

static enum shim_code sampler_write(struct shim_sampler *s, int fd, enum shim_sample_form form,
				    struct shim_totals *totals, struct shim_fault *fault) noexcept
{
	auto owned = std::make_unique<raw_fd_ostream>(fd, /*shouldClose=*/false);
	raw_fd_ostream *out = owned.get();
	std::unique_ptr<raw_ostream> stream = std::move(owned);
	auto opened = SampleProfileWriter::create(stream, format_of(form));

	if (std::error_code ec = opened.getError())
		return fault_of(s, ec, fault);
	*totals = {};
	totals->nr_overflow = s->nr_overflow;
	for (const auto &entry : s->profiles) {
		totals->nr_functions++;
		add_totals(entry.second, totals);
	}
	(*opened)->setProfileSymbolList(&s->symbols);
	std::error_code ec = (*opened)->write(s->profiles);
	out->flush();
	if (out->has_error()) {
		fault->errnum = out->error().value();
		set_fault(fault, SHIM_EIO, out->error().message());
		out->clear_error();
		return SHIM_EIO;
	}
	return ec ? fault_of(s, ec, fault) : SHIM_OK;
}

extern "C" __attribute__((visibility("default"))) const struct shim_sample_api *
pgo_llvm_shim_sample(void);
const struct shim_sample_api *pgo_llvm_shim_sample(void)
{
	static const struct shim_sample_api api = {
		sampler_new, sampler_free, sampler_add, sampler_write, fault_release,
	};

	return &api;
}
