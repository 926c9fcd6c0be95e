/*
 * Findings for people, the worst first, each with how to mend it in the line below; and for
 * programs, in the order of the checks.
 */
#include "doctor.h"

#include <string.h>

#include "doctor/doctor.h"
#include "shape.h"
#include "style.h"

#define INDENT 10 /* as wide as the widest severity, and what is behind it */

int output_doctor_human(FILE *out, const struct findings *findings)
{
	static const enum style styles[] = {
		[SEVERITY_WARNING] = STYLE_WARNING,
		[SEVERITY_PROBLEM] = STYLE_PROBLEM,
	};

	for (int severity = SEVERITY_PROBLEM; severity >= SEVERITY_OK; severity--)
		for (size_t i = 0; i < findings->n; i++) {
			const struct finding *finding = &findings->all[i];

			if ((int)finding->severity != severity)
				continue;
			style_print(out, styles[severity], severity_words[severity]);
			fprintf(out, "%*s%s: %s\n", INDENT - (int)strlen(severity_words[severity]),
				"", finding->subject, finding->text);
			if (finding->mend)
				fprintf(out, "%*s-> %s\n", INDENT, "", finding->mend);
		}
	return 0;
}

int output_doctor_json(FILE *out, const struct findings *findings)
{
	struct shape_rows rows = shape_rows(out, "findings");

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->all[i];
		struct shape shape = shape_object();

		shape_put_text(&shape, "check", finding->check);
		shape_put_text(&shape, "severity", severity_words[finding->severity]);
		shape_put_path(&shape, "subject", finding->subject);
		shape_put_path(&shape, "text", finding->text);
		shape_put_path_or_null(&shape, "mend", finding->mend);
		shape_rows_add(&rows, shape);
	}
	return shape_rows_end(&rows);
}
