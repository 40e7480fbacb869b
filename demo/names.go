package demo

import (
	"math/rand/v2"
	"strings"
)

// name is a person's.
type name struct{ given, family string }

// languages are where the people of the demo come from: given names, then family
// names. Names that are not written in Latin letters are romanised in a usual way.
var languages = [][2]string{
	{"Emma Jonas Lena Felix Hannah Paul Clara Moritz Greta Jakob", "Schneider Vogel Brandt Keller Hoffmann Lindner Sauer Pohl Winkler Arnold"},
	{"Olivia Noah Charlotte Liam Grace Ethan Ruby Oscar Isla Harry", "Bennett Clarke Foster Hughes Palmer Reid Turner Walsh Barker Holmes"},
	{"Adaeze Chidi Ngozi Emeka Ifeoma Obinna Amara Kelechi Chiamaka Uche", "Okafor Eze Nwosu Obi Onyeka Anyanwu Chukwu Ibekwe Madu Nnamdi"},
	{"Folake Tunde Yewande Segun Abiola Femi Temitope Kunle Simisola Wale", "Adeyemi Balogun Ogunleye Akinola Afolabi Oyelaran Bello Adebayo Olatunji Fashola"},
	{"Ananya Rohan Priya Arjun Kavya Vikram Meera Aditya Nisha Rahul", "Sharma Iyer Patel Reddy Banerjee Nair Kulkarni Gupta Menon Chatterjee"},
	{"Xinyi Hao Yuxuan Jing Zihan Lei Meiling Wei Ruoxi Jun", "Wang Li Zhang Chen Liu Zhao Huang Zhou Wu Xu"},
	{"Sakura Haruto Yui Ren Aoi Sota Hina Kaito Misaki Daiki", "Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Mori"},
	{"Seo-yeon Min-jun Ji-woo Do-yun Ha-eun Si-woo Ye-jin Joon-ho Su-bin Tae-yang", "Kim Park Choi Jung Kang Yoon Jang Lim Shin Han"},
	{"Linh Minh Thảo Huy Ngọc Quân Trang Đức Mai Khoa", "Nguyễn Trần Lê Phạm Hoàng Vũ Đặng Bùi Đỗ Ngô"},
	{"Layla Omar Nour Youssef Salma Karim Yasmin Tariq Rania Khalid", "Haddad Mansour Khoury El-Sayed Nasser Saleh Farouk Hamdan Aziz Shaheen"},
	{"Zeynep Emre Elif Can Defne Mert Ece Kerem Azra Baran", "Yılmaz Kaya Demir Çelik Şahin Aydın Öztürk Arslan Doğan Koç"},
	{"Zofia Jakub Maja Szymon Hanna Kacper Oliwia Filip Wiktoria Mateusz", "Kowalska Nowak Wiśniewska Wójcik Kamińska Zieliński Szymańska Woźniak Dąbrowska Mazur"},
	{"Lucía Mateo Valentina Santiago Camila Diego Martina Joaquín Daniela Andrés", "García Rodríguez Fernández Morales Castillo Herrera Núñez Vargas Rojas Mendoza"},
	{"Beatriz Thiago Larissa Rafael Júlia Caio Mariana Gustavo Letícia Bruno", "Silva Oliveira Souza Carvalho Ribeiro Almeida Barbosa Teixeira Araújo Moreira"},
	{"Camille Hugo Manon Louis Inès Théo Chloé Gabriel Jeanne Antoine", "Lefèvre Moreau Girard Rousseau Fontaine Mercier Dubois Lambert Chevalier Perrin"},
	{"Giulia Lorenzo Chiara Matteo Sofia Davide Elisa Tommaso Martina Riccardo", "Rossi Ferrari Conti Esposito Romano Gallo Marino Greco De-Luca Fontana"},
	{"Astrid Erik Freja Oskar Ingrid Nils Saga Lars Linnea Aksel", "Lindqvist Bergström Nygård Hansen Sørensen Dahl Holm Eklund Solberg Åkesson"},
	{"Eleni Nikos Katerina Giorgos Maria Dimitris Sofia Yannis Anna Stelios", "Papadaki Georgiou Nikolaidou Vasiliou Pappas Ioannidou Katsaros Makri Lekka Zervas"},
	{"Oksana Andriy Kateryna Dmytro Sofiia Maksym Yuliia Taras Daryna Bohdan", "Shevchenko Kovalenko Bondarenko Tkachenko Melnyk Kravchenko Lysenko Rudenko Savchuk Moroz"},
	{"Shirin Arash Niloufar Kian Parisa Navid Sahar Dariush Leila Babak", "Hosseini Ahmadi Karimi Rahimi Moradi Jafari Sadeghi Kazemi Tehrani Shirazi"},
	{"Hanna Dawit Selam Abel Bethlehem Yonas Meron Samuel Tigist Natnael", "Tesfaye Bekele Alemu Haile Girma Tadesse Mekonnen Abebe Kebede Desta"},
	{"Wanjiru Kamau Achieng Otieno Nyambura Mwangi Akinyi Kiprop Wambui Barasa", "Kariuki Odhiambo Njoroge Wekesa Kimani Omondi Cheruiyot Maina Mutua Ochieng"},
	{"Thandiwe Sipho Nomvula Lwazi Zanele Themba Naledi Kagiso Lerato Mandla", "Dlamini Nkosi Mokoena Khumalo Zulu Ndlovu Mthembu Molefe Sithole Naidoo"},
	{"Kiri Tama Aroha Nikau Maia Wiremu Ataahua Rawiri Hine Manaia", "Tamihana Ngata Parata Rangi Kereama Paewai Te-Kanawa Walker Hohepa Tuhoe"},
}

// names returns n different names.
func names(r *rand.Rand, n int) []name {
	taken := make(map[name]bool, n)
	all := make([]name, 0, n)
	for len(all) < n {
		l := r.IntN(len(languages))
		family := l
		if r.IntN(12) == 0 { // families move
			family = r.IntN(len(languages))
		}
		p := name{pick(r, languages[l][0]), pick(r, languages[family][1])}
		if !taken[p] {
			taken[p] = true
			all = append(all, p)
		}
	}
	return all
}

// pick returns one of the names; some consist of two words.
func pick(r *rand.Rand, words string) string {
	all := strings.Fields(words)
	return strings.NewReplacer("De-L", "De L", "Te-K", "Te K").Replace(all[r.IntN(len(all))])
}
