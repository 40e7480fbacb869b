package attendance

// Author is who does something, and from where, as the audit has it.
type Author struct {
	Person PersonID // 0: the program itself
	From   string   // an address, "command line", "schedule"
}
