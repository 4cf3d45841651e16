"""The only place that speaks SQL: tables, repositories, the stores of the engine."""
